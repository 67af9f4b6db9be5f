"""The repository against a model of it in plain Python: whatever the order of calls, they agree."""

import itertools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from harness.entries import HOUR, fetch_of, make_replaced
from harness.factories import DAY, NOW, files_by_key, make_cached, make_integration, make_record
from logocache.model import LogoRecord, Origin, OutcomeKind, Status
from logocache.policy.eviction import worth_of
from logocache.repository import open_repository
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.totals import Access

pytestmark = pytest.mark.end_to_end

KEYS = st.sampled_from(["a", "b", "c", "d"])
SOME = st.sets(KEYS, min_size=1)
NUMBERS = st.integers(0, 1000)
CONTENTS = st.sampled_from([b"1", b"22", b"333"])


class Model(RuleBasedStateMachine):
    """`records` is what must be stored, leases too; `claims` are all that were made; `now` only moves
    forward.
    """

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "x.db"
        shutil.copy(self.template, path)
        self.repository = open_repository(f"sqlite:///{path}", lease=9 * HOUR)
        self.now = NOW
        self.records: dict[str, LogoRecord] = {}
        self.claims: list[Sequence[LogoRecord]] = []
        self.replaced: dict[str, int] = {}
        self.generation = 0
        self.seen: set[object] = set()

    def teardown(self) -> None:
        self.repository.close()
        self.folder.cleanup()

    @rule(hours=st.integers(1, 48))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(key=KEYS, on_demand=st.booleans(), pinned=st.booleans())
    def register(self, key: str, on_demand: bool, pinned: bool) -> None:  # noqa: FBT001  # drawn by Hypothesis
        origin = Origin.ON_DEMAND if on_demand else Origin.CATALOG
        self.repository.register([make_integration(key, origin=origin, pinned=pinned)], now=self.now)
        if key not in self.records:
            self.records[key] = make_record(key, origin=origin, pinned=pinned, created_at=self.now)
        elif not on_demand:
            self.records[key] = replace(self.records[key], origin=origin, pinned=pinned)

    @rule(keys=SOME, forced=st.booleans())
    def claim(self, keys: set[str], forced: bool) -> None:  # noqa: FBT001  # drawn by Hypothesis
        due = DueFilter(now=self.now, forced=forced)
        got = self.repository.claim(sorted(keys), now=self.now, due=due)
        expected = [key for key in sorted(keys & self.records.keys()) if self.wants(key, forced=forced)]
        assert [replace(item, lease=None) for item in got] == [
            replace(self.records[key], lease=None) for key in expected
        ]
        leases = {item.lease for item in got}
        assert [lease.until for lease in leases if lease is not None] == [self.now + 9 * HOUR] * bool(
            expected
        )
        assert not leases & {each.lease for claimed in self.claims for each in claimed}
        self.records |= {each.key: each for each in got}
        self.claims.append(got)

    @precondition(lambda self: self.claims)
    @rule(number=NUMBERS)
    def release(self, number: int) -> None:
        claimed = self.claims[number % len(self.claims)]
        self.repository.release(claimed)
        for key in self.owned(claimed):
            self.records[key] = replace(self.records[key], lease=None)

    @precondition(lambda self: self.claims)
    @rule(number=NUMBERS, content=CONTENTS, failed=st.booleans())
    def save(self, number: int, content: bytes, failed: bool) -> None:  # noqa: FBT001  # drawn by Hypothesis
        """Each claimed entry gets a new logo, or a failure that keeps the old one."""
        claimed = self.claims[number % len(self.claims)]
        with self.repository.unit() as unit:
            owned = unit.owned(claimed)
            assert owned == {key: self.records[key] for key in self.owned(claimed)}
            saved = [self.ended(record, content, failed=failed) for record in owned.values()]
            unit.save(
                [
                    fetch_of(record, replaced=make_replaced(record.key, content=content + b"-old"))
                    for record in saved
                ]
            )
        for record in saved:
            self.records[record.key] = record
            self.replaced[f"{record.key}{content!r}"] = len(content) + 4

    @rule(limit=st.integers(1, 3))
    def evict(self, limit: int) -> None:
        with self.repository.unit() as unit:
            chosen = [logo.key for logo in itertools.islice(unit.least_recently_used(), limit)]
            unit.evict(chosen, until=self.now + DAY)
        assert chosen == self.least_recently_used()[:limit]
        for key in chosen:
            before = self.records[key]
            self.records[key] = replace(
                self.without_file(before),
                checked_at=before.checked_at,
                next_attempt_at=self.next_after_eviction(before),
                failure_count=before.failure_count,
                last_outcome=before.last_outcome,
            )

    @rule(keys=SOME)
    def clear(self, keys: set[str]) -> None:
        planned = [self.records[key] for key in sorted(keys & self.records.keys())]
        with self.repository.unit() as unit:
            assert list(unit.clear(files_by_key(planned))) == planned
        for record in planned:
            self.records[record.key] = self.without_file(record)
            if record.origin is Origin.ON_DEMAND:
                del self.records[record.key]

    @rule(keys=SOME, count=st.integers(1, 3), ago=st.integers(0, 72))
    def access(self, keys: set[str], count: int, ago: int) -> None:
        at = self.now - ago * HOUR
        self.repository.record_accesses({key: Access(count=count, last_at=at) for key in keys}, {})
        for key in keys & self.records.keys():
            before = self.records[key]
            last = max(at, before.last_accessed_at or at)
            self.records[key] = replace(
                before, access_count=before.access_count + count, last_accessed_at=last
            )

    @invariant()
    def the_entries_agree(self) -> None:
        page = self.repository.page(RecordFilter(), after=None, limit=100)
        assert list(page) == [self.records[key] for key in sorted(self.records)]

    @invariant()
    def what_is_due_agrees(self) -> None:
        wanted = [record for record in self.records.values() if self.wants(record.key, forced=False)]
        wanted.sort(key=lambda r: (r.file is not None, r.next_attempt_at or NOW - 9999 * DAY, r.key))
        due = self.repository.due_keys(DueFilter(now=self.now), limit=None)
        assert list(due) == [record.key for record in wanted]

    @invariant()
    def the_sums_agree(self) -> None:
        files = [record.file.size for record in self.records.values() if record.file is not None]
        totals = self.repository.totals(now=self.now, stale_before=self.now)
        assert (totals.files, totals.bytes) == (len(files), sum(files))
        assert totals.replaced_bytes == sum(self.replaced.values())
        assert totals.leased == sum(self.is_leased(key) for key in self.records)
        with self.repository.unit() as unit:
            assert unit.stored_bytes() == totals.bytes + totals.replaced_bytes

    @invariant()
    def the_kept_totals_are_those_of_a_count_from_scratch(self) -> None:
        assert self.repository.wrong_totals() == []

    @invariant()
    def a_change_that_look_ups_show_raises_the_generation(self) -> None:
        """While the number stands, earlier look-ups are still true."""
        page = self.repository.page(RecordFilter(), after=None, limit=100)
        seen: set[object] = {(r.key, r.name, r.domain, r.status, r.file, r.next_attempt_at) for r in page}
        generation = self.repository.generation()
        assert generation > self.generation or (generation == self.generation and seen == self.seen)
        self.generation, self.seen = generation, seen

    def wants(self, key: str, *, forced: bool) -> bool:
        due_at = self.records[key].next_attempt_at
        return not self.is_leased(key) and (forced or due_at is None or due_at <= self.now)

    def is_leased(self, key: str) -> bool:
        lease = self.records[key].lease
        return lease is not None and lease.until > self.now

    def owned(self, claimed: Sequence[LogoRecord]) -> set[str]:
        return {
            each.key
            for each in claimed
            if each.key in self.records and self.records[each.key].lease == each.lease
        }

    def ended(self, record: LogoRecord, content: bytes, *, failed: bool) -> LogoRecord:
        if failed:
            return replace(
                record,
                lease=None,
                checked_at=self.now,
                next_attempt_at=self.now + HOUR,
                failure_count=record.failure_count + 1,
                last_outcome=OutcomeKind.TRANSIENT,
            )
        logo = make_cached(record.key, content=content)
        return replace(
            record,
            lease=None,
            status=logo.status,
            file=logo.file,
            provider=logo.provider,
            source_url=logo.source_url,
            fetched_at=self.now,
            checked_at=self.now,
            next_attempt_at=self.now + 7 * DAY,
            fetch_count=record.fetch_count + 1,
            failure_count=0,
            last_outcome=OutcomeKind.FOUND,
        )

    def next_after_eviction(self, record: LogoRecord) -> datetime | None:
        rested = self.now + DAY
        if record.last_outcome is not OutcomeKind.TRANSIENT or record.next_attempt_at is None:
            return rested
        return min(rested, record.next_attempt_at)

    def without_file(self, record: LogoRecord) -> LogoRecord:
        return replace(
            record,
            lease=None,
            status=Status.PENDING,
            file=None,
            provider=None,
            source_url=None,
            fetched_at=None,
            checked_at=None,
            next_attempt_at=None,
            failure_count=0,
            last_outcome=None,
        )

    def least_recently_used(self) -> list[str]:
        candidates = [
            record for record in self.records.values() if record.file is not None and not record.pinned
        ]
        candidates.sort(
            key=lambda r: (worth_of(r), r.last_accessed_at or r.fetched_at or r.created_at, r.key)
        )
        return [record.key for record in candidates]


@pytest.mark.database
def test_any_order_of_calls_leaves_what_the_model_says(sqlite_template: Path) -> None:
    Model.template = sqlite_template
    checks = [HealthCheck.too_slow]
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=checks
        ),
    )
