"""The kept totals are those of a count from scratch, whatever transactions change."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import event, text

from harness.entries import fetch_of, known, make_replaced, save, store
from harness.factories import (
    DAY,
    NOW,
    files_by_key,
    make_cached,
    make_file,
    make_form,
    make_integration,
    make_record,
)
from harness.race import race
from logocache.model import LogoRecord, Origin, OutcomeKind, Status
from logocache.repository import Repository
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.tables import METADATA
from logocache.repository.totals import Access, GroupTotal

KEYS = st.sampled_from(["a", "b", "c", "d", "e"])
SOME = st.sets(KEYS, min_size=1)


def every(repository: Repository) -> list[LogoRecord]:
    return list(repository.page(RecordFilter(), after=None, limit=100))


def grouped(names: Iterable[tuple[str | None, LogoRecord]]) -> tuple[GroupTotal, ...]:
    entries: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for name, record in names:
        if name is not None:
            entries[name] += 1
            sizes[name] += record.file.total_size if record.file else 0
    return tuple(GroupTotal(name=name, entries=entries[name], bytes=sizes[name]) for name in sorted(entries))


class Transactions(RuleBasedStateMachine):
    """All that changes entries and files, in any order."""

    repository: Repository

    def __init__(self) -> None:
        super().__init__()
        with self.repository._database.write() as connection:
            for table in METADATA.tables:
                connection.execute(text(f"DELETE FROM {table}"))

    @rule(keys=SOME, origin=st.sampled_from(Origin), category=st.sampled_from(["x", "y"]))
    def register(self, keys: set[str], origin: Origin, category: str) -> None:
        """More on-demand entries than are allowed, too: others are then deleted."""
        integrations = [make_integration(key, origin=origin, category=category) for key in keys]
        self.repository.register(integrations, now=NOW)

    @rule(
        keys=SOME,
        status=st.sampled_from(Status),
        provider=st.sampled_from(["site", "google"]),
        size=st.integers(0, 9),
        outcome=st.sampled_from([OutcomeKind.FOUND, OutcomeKind.ERROR, OutcomeKind.NOT_FOUND]),
        replaced=st.booleans(),
    )
    def save(
        self,
        keys: set[str],
        status: Status,
        provider: str,
        size: int,
        outcome: OutcomeKind,
        replaced: bool,  # noqa: FBT001  # drawn by Hypothesis
    ) -> None:
        failures = 0 if outcome is OutcomeKind.FOUND else 1
        records = [
            make_record(key)
            if status is Status.PENDING
            else make_cached(
                key,
                status=status,
                provider=provider,
                file=replace(make_file(key, size=size), svg=make_form(bytes(size), key=key)),
            )
            for key in sorted(keys)
        ]
        with self.repository.unit() as unit:
            unit.save(
                [
                    fetch_of(
                        replace(record, failure_count=failures, last_outcome=outcome),
                        replaced=make_replaced(record.key, content=b"0" * size) if replaced else None,
                    )
                    for record in records
                ]
            )

    @rule(keys=SOME)
    def evict(self, keys: set[str]) -> None:
        with self.repository.unit() as unit:
            unit.evict(keys, until=NOW + DAY)

    @rule(keys=SOME)
    def clear(self, keys: set[str]) -> None:
        with self.repository.unit() as unit:
            unit.clear(files_by_key([record for record in every(self.repository) if record.key in keys]))

    @rule(keys=SOME)
    def forget_replaced(self, keys: set[str]) -> None:
        with self.repository.unit() as unit:
            unit.forget_replaced_of(keys)

    @rule(keys=SOME)
    def make_due(self, keys: set[str]) -> None:
        with self.repository.unit() as unit:
            unit.make_due([record for record in every(self.repository) if record.key in keys], now=NOW)

    @rule(keys=SOME)
    def break_off(self, keys: set[str]) -> None:
        with suppress(ZeroDivisionError), self.repository.unit() as unit:
            unit.evict(keys, until=NOW + DAY)
            raise ZeroDivisionError

    @invariant()
    def the_totals_are_those_of_a_count(self) -> None:
        records, replaced = every(self.repository), self.repository.replaced_files()
        totals = self.repository.totals(now=NOW, stale_before=NOW)
        assert totals.by_status == grouped((record.status, record) for record in records)
        assert totals.by_provider == grouped((record.provider, record) for record in records)
        assert totals.by_category == grouped((record.category, record) for record in records)
        assert totals.entries == len(records)
        assert totals.files == sum(record.file is not None for record in records)
        assert (totals.replaced_files, totals.replaced_bytes) == (
            len(replaced),
            sum(file.size for file in replaced),
        )
        failing = [record for record in records if record.failure_count]
        assert totals.failing == len(failing)
        assert totals.errors == sum(record.last_outcome is OutcomeKind.ERROR for record in failing)
        assert self.repository.wrong_totals() == []


@pytest.mark.database
def test_the_totals_are_kept_by_all_transactions(
    migrated_url: str, open_url: Callable[..., Repository]
) -> None:
    Transactions.repository = open_url(migrated_url, most_on_demand=2)
    run_state_machine_as_test(
        Transactions,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_totals_that_are_wrong_are_described_and_counted_anew(repository: Repository) -> None:
    store(repository, make_cached("a", category="payments", content=b"123"))
    with repository._database.write() as connection:
        connection.execute(text("UPDATE total SET entries = 7, bytes = 8 WHERE status = 'cached'"))
        connection.execute(text("INSERT INTO total VALUES ('pending', '', 'gone', 1, 0, 0, 0)"))
    (cached, pending) = repository.wrong_totals()
    assert cached == (
        "cached site payments: 7 entries, 8 bytes, 0 failing, 0 errors are kept,"
        " 1 entries, 3 bytes, 0 failing, 0 errors counted"
    )
    assert pending.startswith("pending gone: 1 entries")
    with repository.unit() as unit:
        unit.recount()
    assert repository.wrong_totals() == []
    assert repository.totals(now=NOW, stale_before=NOW).bytes == 3


@contextmanager
def statements(repository: Repository) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(repository._database._engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(repository._database._engine, "before_cursor_execute", note)


def test_a_large_batch_keeps_the_totals_in_as_many_statements_as_a_small_one(repository: Repository) -> None:
    keys = [f"key{number}" for number in range(40)]
    known(repository, *keys)
    costs = []
    for batch in (keys[:1], keys[1:]):
        with statements(repository) as seen:
            save(repository, *(fetch_of(make_cached(key)) for key in batch))
        costs.append(len([statement for statement in seen if not statement.startswith("UPDATE logo")]))
    assert costs[0] == costs[1]


def test_leases_and_accesses_do_not_touch_the_totals(repository: Repository) -> None:
    store(repository, make_cached("a", next_attempt_at=NOW))
    with statements(repository) as seen:
        repository.release(repository.claim(["a"], now=NOW, due=DueFilter(now=NOW)))
        repository.record_accesses({"a": Access(count=1, last_at=NOW)}, {"hits": 1})
    assert not [statement for statement in seen if " total" in statement]


SAVE = f"""
import json
import sys

sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from harness.entries import fetch_of, save
from harness.factories import make_cached
from logocache.repository import open_repository

repository = open_repository(url)
wait_for_the_others()
for round in range(10):
    save(repository, *(fetch_of(make_cached(f"key{{n}}", content=bytes(round + n))) for n in range(8)))
with repository.unit() as unit:
    wrong = unit.wrong_totals()
repository.close()
print(json.dumps(wrong))
"""


@pytest.mark.end_to_end
def test_processes_that_save_at_once_keep_the_totals_exact(
    migrated_url: str, open_url: Callable[..., Repository]
) -> None:
    repository = open_url(migrated_url)
    known(repository, *(f"key{number}" for number in range(8)))
    assert race(SAVE, migrated_url, count=3) == [[]] * 3
    assert repository.wrong_totals() == []
    assert repository.totals(now=NOW, stale_before=NOW).bytes == sum(9 + number for number in range(8))
