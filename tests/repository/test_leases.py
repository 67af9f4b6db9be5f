"""Due entries, each of which goes to one claim only."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from harness.entries import claim, claimed, due_keys, known, store
from harness.factories import DAY, NOW, files_by_key, make_cached, make_record
from harness.race import race, start
from logocache.model import OutcomeKind
from logocache.repository import LEASE, Repository
from logocache.repository.filters import DueFilter

SECOND = timedelta(seconds=1)
SOON = NOW + LEASE
"""When a lease of now is over."""


@pytest.fixture
def varied(repository: Repository) -> Repository:
    """An entry of each kind, named for what it is."""
    store(
        repository,
        make_record("pending-new"),
        make_record("pending-due", next_attempt_at=NOW, failure_count=1),
        make_record("pending-later", next_attempt_at=NOW + SECOND, failure_count=2),
        make_record("pending-offline", last_outcome=OutcomeKind.NOT_ASKED),
        make_record("pending-missed", next_attempt_at=NOW - DAY, last_outcome=OutcomeKind.NOT_FOUND),
        make_cached("cached-fresh"),
        make_cached("cached-due", next_attempt_at=NOW - DAY),
        make_cached("cached-asap", next_attempt_at=None),
        make_cached("cached-longest", next_attempt_at=NOW - 9 * DAY, pinned=True),
        make_cached("cached-failing", next_attempt_at=NOW + DAY, failure_count=3),
        make_record("leased", next_attempt_at=NOW - DAY, failure_count=1),
    )
    assert claim(repository, ["leased"], now=NOW + SECOND - LEASE) == ["leased"]
    return repository


DUE = [
    *("pending-new", "pending-offline", "pending-missed", "pending-due"),
    *("cached-asap", "cached-longest", "cached-due"),
]
ALL = [
    *("pending-new", "pending-offline", "pending-missed", "pending-due", "pending-later"),
    *("cached-asap", "cached-longest", "cached-due", "cached-failing", "cached-fresh"),
]
CASES = [
    pytest.param({}, DUE, id="without a file first, then the longest due"),
    pytest.param({"forced": True}, ALL, id="forced: whether due or not"),
    pytest.param(
        {"failed_only": True}, ["pending-due", "pending-later", "cached-failing"], id="failed: due or not"
    ),
    pytest.param(
        {"failed_only": True, "forced": True},
        ["pending-due", "pending-later", "cached-failing"],
        id="failed, forced",
    ),
    pytest.param(
        {"offline": True}, ["pending-new", "pending-missed", "pending-due", "cached-asap"], id="offline"
    ),
    pytest.param({"offline": True, "forced": True}, ALL, id="offline, forced"),
    pytest.param(
        {"offline": True, "failed_only": True}, ["pending-due", "pending-later"], id="offline, failed"
    ),
    pytest.param({"keys": ["cached-due", "cached-fresh", "none"]}, ["cached-due"], id="named and due"),
    pytest.param(
        {"keys": ["cached-fresh", "leased"], "forced": True}, ["cached-fresh"], id="named and forced"
    ),
    pytest.param({"keys": []}, [], id="none named"),
    pytest.param(
        {"now": NOW + SECOND, "keys": ["leased", "pending-later"]}, ["leased", "pending-later"], id="later"
    ),
]


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_what_is_due(varied: Repository, facts: dict[str, Any], expected: list[str]) -> None:
    assert due_keys(varied, **facts) == expected


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_claiming_takes_exactly_what_is_due(
    varied: Repository, facts: dict[str, Any], expected: list[str]
) -> None:
    due = DueFilter(**({"now": NOW} | facts))
    assert claim(varied, sorted([*ALL, "leased"]), now=due.now, due=due) == sorted(expected)
    assert due_keys(varied, **facts) == []


@pytest.mark.parametrize("limit", [0, 1, 4, 5, 7, 100])
def test_a_limit_cuts_the_order_off(varied: Repository, limit: int) -> None:
    assert due_keys(varied, limit=limit) == DUE[:limit]


def test_claimed_entries_come_in_the_order_asked_with_all_their_facts(repository: Repository) -> None:
    records = [make_cached(key, next_attempt_at=NOW, etag='"1"') for key in ("b", "a", "c")]
    store(repository, *records)
    got = claimed(repository, ["c", "none", "a", "c", "b"])
    assert [replace(each, lease=None) for each in got] == [records[2], records[1], records[0]]
    assert {each.lease.until for each in got if each.lease is not None} == {SOON}
    assert [repository.get(each.key) for each in got] == got


@pytest.mark.end_to_end
def test_a_hundred_thousand_keys_can_be_named(repository: Repository) -> None:
    known(repository, "key-7", "key-99999")
    keys = [f"key-{number}" for number in range(100_000)]
    assert due_keys(repository, keys=keys) == ["key-7", "key-99999"]
    assert claim(repository, keys, due=DueFilter(now=NOW, keys=keys)) == ["key-7", "key-99999"]


def test_keys_that_no_row_could_hold_are_no_error(repository: Repository) -> None:
    known(repository, "a")
    assert claim(repository, ["\0", "\ud800", "a"]) == ["a"]


def test_a_lease_holds_until_its_time_and_not_longer(repository: Repository) -> None:
    known(repository, "a")
    assert claim(repository, ["a"]) == ["a"]
    assert repository.totals(now=SOON - SECOND, stale_before=NOW).leased == 1
    assert claim(repository, ["a"], now=SOON - SECOND) == []
    assert repository.totals(now=SOON, stale_before=NOW).leased == 0
    assert claim(repository, ["a"], now=SOON) == ["a"]


def test_a_lease_that_is_over_is_still_owned_until_another_takes_it(repository: Repository) -> None:
    known(repository, "a", "b")
    first = claimed(repository, ["a", "b"])
    second = claimed(repository, ["b"], now=SOON)
    with repository.unit() as unit:
        assert list(unit.owned(first)) == ["a"]
        assert unit.owned(second) == {"b": second[0]}


def test_a_lease_belongs_to_a_claim_not_to_a_process(repository: Repository) -> None:
    """The entry was cleared while it was fetched, and claimed again, by the very same process."""
    store(repository, make_cached("a", next_attempt_at=NOW))
    first = claimed(repository, ["a"])
    with repository.unit() as unit:
        unit.clear(files_by_key(first))
    second = claimed(repository, ["a"])
    with repository.unit() as unit:
        assert unit.owned(first) == {}
        assert list(unit.owned(second)) == ["a"]
    repository.release(first)
    assert repository.get("a") == second[0]
    repository.release(second)
    assert due_keys(repository) == ["a"]


def test_each_claim_is_released_by_itself(repository: Repository) -> None:
    known(repository, "a", "b")
    first, second = claimed(repository, ["a"]), claimed(repository, ["b"])
    repository.release(first)
    assert due_keys(repository) == ["a"]
    repository.release([*first, *second, make_record("never-leased")])
    assert due_keys(repository) == ["a", "b"]


@pytest.mark.parametrize(
    ("ahead", "is_held"),
    [
        pytest.param(timedelta(seconds=1), True, id="a second"),
        pytest.param(timedelta(seconds=59), True, id="what clocks may differ by"),
        pytest.param(timedelta(minutes=2), False, id="minutes"),
        pytest.param(timedelta(days=36_500), False, id="a century"),
    ],
)
def test_a_lease_of_a_clock_that_was_ahead_is_none(
    repository: Repository, ahead: timedelta, *, is_held: bool
) -> None:
    known(repository, "a")
    claim(repository, ["a"], now=NOW + ahead)
    free = [] if is_held else ["a"]
    assert repository.totals(now=NOW, stale_before=NOW).leased == int(is_held)
    assert repository.totals(now=NOW, stale_before=NOW).due == int(not is_held)
    assert due_keys(repository) == free
    assert claim(repository, ["a"]) == free


def test_processes_with_other_lengths_of_lease_agree_while_they_are_alike(
    migrated_url: str, open_url: Callable[..., Repository]
) -> None:
    long, short = open_url(migrated_url, lease=LEASE + 50 * SECOND), open_url(migrated_url, lease=LEASE)
    known(long, "a")
    assert claim(long, ["a"]) == ["a"]
    assert claim(short, ["a"]) == []


CLAIM_ONE = """
import sys
from datetime import UTC, datetime
from logocache.repository.filters import DueFilter
from logocache.repository import open_repository

repository = open_repository(sys.argv[1])
now = datetime(2026, 11, 22, 12, tzinfo=UTC)
print(len(repository.claim(["a"], now=now, due=DueFilter(now=now))), flush=True)
sys.stdin.readline()
"""


@pytest.mark.end_to_end
def test_what_a_process_holds_is_free_once_it_is_dead(migrated_url: str, repository: Repository) -> None:
    """As after SIGKILL, when nobody has ended its leases."""
    known(repository, "a")
    with start(CLAIM_ONE, migrated_url, "racer") as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "1\n"
            assert claim(repository, ["a"]) == [], "it lives"
            assert repository.totals(now=NOW, stale_before=NOW).leased == 1
        finally:
            other.kill()
    assert repository.totals(now=NOW, stale_before=NOW).leased == 0
    assert repository.totals(now=NOW, stale_before=NOW).due == 1
    assert due_keys(repository) == ["a"]
    assert claim(repository, ["a"]) == ["a"]


def test_threads_that_claim_the_same_keys_share_them_out(
    migrated_url: str, open_url: Callable[..., Repository]
) -> None:
    keys = [f"key-{number}" for number in range(40)]
    repositories = [open_url(migrated_url) for _ in range(8)]
    known(repositories[0], *keys)
    start = threading.Barrier(len(repositories))

    def claim_in_steps(number: int) -> list[str]:
        start.wait()
        got: list[str] = []
        for first in range(0, len(keys), 5):
            got += claim(repositories[number], keys[first : first + 5])
        return got

    with ThreadPoolExecutor(len(repositories)) as pool:
        shares = list(pool.map(claim_in_steps, range(len(repositories))))
    assert sorted(key for share in shares for key in share) == sorted(keys)


CLAIM = """
import json
from datetime import UTC, datetime
from logocache.repository.filters import DueFilter
from logocache.repository import open_repository

repository = open_repository(url)
now = datetime(2026, 11, 22, 12, tzinfo=UTC)
repository.identity()
wait_for_the_others()
got = []
for first in range(0, 40, 5):
    keys = [f"key-{number}" for number in range(first, first + 5)]
    claimed = repository.claim(keys, now=now, due=DueFilter(now=now))
    got += [record.key for record in claimed]
repository.close()
print(json.dumps(got))
"""


@pytest.mark.end_to_end
def test_processes_that_claim_the_same_keys_share_them_out(migrated_url: str, repository: Repository) -> None:
    keys = [f"key-{number}" for number in range(40)]
    known(repository, *keys)
    shares = race(CLAIM, migrated_url, count=4)
    assert sorted(key for share in shares for key in share) == sorted(keys)
