"""Which entries are due, and that each of them goes to one owner only."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from logocache.model import OutcomeKind
from logocache.ports.repository import DueFilter
from logocache.repository.repository import SqlRepository
from makers import DAY, NOW, make_cached, make_record
from repository.entries import HOUR, OTHER, OWNER, claim, due_keys, known, store
from repository.racing import race

SECOND = timedelta(seconds=1)


@pytest.fixture
def varied(repository: SqlRepository) -> SqlRepository:
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
    assert claim(repository, ["leased"], until=NOW + SECOND) == ["leased"]
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
    pytest.param({"offline": True}, ["pending-new", "pending-missed", "pending-due"], id="offline"),
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
def test_what_is_due(varied: SqlRepository, facts: dict[str, Any], expected: list[str]) -> None:
    assert due_keys(varied, **facts) == expected


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_claiming_takes_exactly_what_is_due(
    varied: SqlRepository, facts: dict[str, Any], expected: list[str]
) -> None:
    due = DueFilter(**({"now": NOW} | facts))
    assert claim(varied, sorted([*ALL, "leased"]), due=due) == sorted(expected)
    assert due_keys(varied, **facts) == []


@pytest.mark.parametrize("limit", [0, 1, 4, 5, 7, 100])
def test_a_limit_cuts_the_order_off(varied: SqlRepository, limit: int) -> None:
    assert due_keys(varied, limit=limit) == DUE[:limit]


def test_claimed_entries_come_in_the_order_asked_with_all_their_facts(repository: SqlRepository) -> None:
    records = [make_cached(key, next_attempt_at=NOW, etag='"1"') for key in ("b", "a", "c")]
    store(repository, *records)
    got = repository.claim(
        ["c", "none", "a", "c", "b"], owner=OWNER, until=NOW + HOUR, due=DueFilter(now=NOW)
    )
    assert list(got) == [records[2], records[1], records[0]]


def test_a_hundred_thousand_keys_can_be_named(repository: SqlRepository) -> None:
    known(repository, "key-7", "key-99999")
    keys = [f"key-{number}" for number in range(100_000)]
    assert due_keys(repository, keys=keys) == ["key-7", "key-99999"]
    assert claim(repository, keys, due=DueFilter(now=NOW, keys=keys)) == ["key-7", "key-99999"]


def test_keys_that_no_row_could_hold_are_no_error(repository: SqlRepository) -> None:
    known(repository, "a")
    assert claim(repository, ["\0", "\ud800", "a"]) == ["a"]
    repository.release(["\0", "a"], owner=OWNER)
    assert due_keys(repository) == ["a"]


def test_a_lease_holds_until_its_time_and_not_longer(repository: SqlRepository) -> None:
    known(repository, "a")
    assert claim(repository, ["a"], until=NOW + HOUR) == ["a"]
    before, after = DueFilter(now=NOW + HOUR - SECOND), DueFilter(now=NOW + HOUR)
    assert repository.count_leased(now=before.now) == 1
    assert claim(repository, ["a"], owner=OTHER, due=before) == []
    assert repository.count_leased(now=after.now) == 0
    assert claim(repository, ["a"], owner=OTHER, until=NOW + 2 * HOUR, due=after) == ["a"]


def test_a_lease_that_is_over_is_still_owned_until_another_takes_it(repository: SqlRepository) -> None:
    known(repository, "a", "b")
    claim(repository, ["a", "b"], until=NOW + HOUR)
    claim(repository, ["b"], owner=OTHER, until=NOW + 2 * HOUR, due=DueFilter(now=NOW + HOUR))
    with repository.unit() as unit:
        assert list(unit.owned(["a", "b"], OWNER)) == ["a"]
        assert unit.owned(["a", "b"], OTHER)["b"] == make_record("b", created_at=NOW)


def test_only_the_owner_can_release(repository: SqlRepository) -> None:
    known(repository, "a", "b")
    claim(repository, ["a", "b"])
    repository.release(["a", "b"], owner=OTHER)
    assert due_keys(repository) == []
    repository.release(["a"], owner=OWNER)
    assert due_keys(repository) == ["a"]


def test_an_owner_that_no_column_holds_is_refused(repository: SqlRepository) -> None:
    known(repository, "a")
    with pytest.raises(ValueError, match="storable"):
        claim(repository, ["a"], owner="x" * 129)
    assert repository.count_leased(now=NOW) == 0


def test_threads_that_claim_the_same_keys_share_them_out(
    migrated_url: str, open_url: Callable[..., SqlRepository]
) -> None:
    keys = [f"key-{number}" for number in range(40)]
    repositories = [open_url(migrated_url) for _ in range(8)]
    known(repositories[0], *keys)
    start = threading.Barrier(len(repositories))

    def claim_in_steps(number: int) -> list[str]:
        start.wait()
        got: list[str] = []
        for first in range(0, len(keys), 5):
            got += claim(repositories[number], keys[first : first + 5], owner=f"owner-{number}")
        return got

    with ThreadPoolExecutor(len(repositories)) as pool:
        shares = list(pool.map(claim_in_steps, range(len(repositories))))
    assert sorted(key for share in shares for key in share) == sorted(keys)


CLAIM = """
import json
from datetime import UTC, datetime, timedelta
from logocache.ports.repository import DueFilter
from logocache.repository.repository import open_repository

repository = open_repository(url)
now = datetime(2026, 11, 22, 12, tzinfo=UTC)
repository.ping()
wait_for_the_others()
got = []
for first in range(0, 40, 5):
    keys = [f"key-{number}" for number in range(first, first + 5)]
    claimed = repository.claim(keys, owner=name, until=now + timedelta(hours=1), due=DueFilter(now=now))
    got += [record.key for record in claimed]
repository.close()
print(json.dumps(got))
"""


def test_processes_that_claim_the_same_keys_share_them_out(
    migrated_url: str, repository: SqlRepository
) -> None:
    keys = [f"key-{number}" for number in range(40)]
    known(repository, *keys)
    shares = race(CLAIM, migrated_url, count=4)
    assert sorted(key for share in shares for key in share) == sorted(keys)
