"""The one exclusive write transaction, apart from saving."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from harness.entries import (
    FULL,
    claimed,
    due_keys,
    fetch_of,
    known,
    make_attempt,
    make_replaced,
    save,
    store,
)
from harness.factories import DAY, NOW, files_by_key, make_cached, make_file, make_integration, make_record
from logocache.model import Origin, OutcomeKind, Status
from logocache.policy.eviction import worth_of
from logocache.repository import Repository
from logocache.repository.filters import DueFilter
from logocache.repository.totals import Access


def test_stored_bytes_are_those_of_current_and_replaced_files(repository: Repository) -> None:
    with repository.unit() as unit:
        assert unit.stored_bytes() == 0
    big = make_cached("a", file=make_file("a", size=2**40))
    store(repository, big, make_cached("b", file=make_file("b", size=5)), make_record("c"))
    save(
        repository,
        fetch_of(make_cached("b", content=b"12345678"), replaced=make_replaced("b", content=b"123")),
    )
    with repository.unit() as unit:
        assert unit.stored_bytes() == 2**40 + 8 + 3


def test_a_replaced_file_is_kept_for_its_grace_period(repository: Repository) -> None:
    known(repository, "a", "b")
    late, early = make_replaced("a", days=7), make_replaced("b", days=1)
    save(
        repository,
        fetch_of(make_cached("a"), replaced=late),
        fetch_of(make_cached("b"), replaced=early),
    )
    assert list(repository.replaced_files()) == [early, late]
    with repository.unit() as unit:
        assert next(unit.oldest_replaced()) == early
        unit.forget_replaced([early.name, "unknown.png"])
        assert list(unit.oldest_replaced()) == [late]


def test_a_file_that_is_current_again_is_no_longer_a_replaced_one(repository: Repository) -> None:
    old, new = make_cached("a", content=b"old"), make_cached("a", content=b"new")
    store(repository, old)
    save(repository, fetch_of(new, replaced=make_replaced("a", content=b"old")))
    save(repository, fetch_of(old, replaced=make_replaced("a", content=b"new")))
    assert list(repository.replaced_files()) == [make_replaced("a", content=b"new")]


def test_a_file_replaced_twice_has_the_later_grace_period(repository: Repository) -> None:
    known(repository, "a")
    for days in (1, 7):
        save(repository, fetch_of(make_cached("a"), replaced=make_replaced("a", days=days)))
    assert list(repository.replaced_files()) == [make_replaced("a", days=7)]


def test_the_least_recently_used_come_first_and_pinned_ones_never(repository: Repository) -> None:
    store(
        repository,
        make_cached("fetched-first", fetched_at=NOW - 9 * DAY),
        make_cached("read-lately", fetched_at=NOW - 20 * DAY),
        make_cached("never-fetched", fetched_at=None, created_at=NOW - 30 * DAY),
        make_cached("same-b", fetched_at=NOW - DAY),
        make_cached("same-a", fetched_at=NOW - DAY),
        make_cached("pinned", fetched_at=NOW - 99 * DAY, pinned=True),
        make_record("no-file"),
    )
    repository.record_accesses({"read-lately": Access(count=1, last_at=NOW)}, {})
    with repository.unit() as unit:
        order = [item.key for item in unit.least_recently_used()]
        assert order == ["never-fetched", "fetched-first", "same-a", "same-b", "read-lately"]


def test_placeholders_come_before_logos_and_what_strangers_asked_for_before_the_catalogue(
    repository: Repository,
) -> None:
    records = [
        make_cached(f"{origin}-{status}", origin=origin, status=status)
        for origin in (Origin.CATALOG, Origin.CUSTOM, Origin.ON_DEMAND)
        for status in (Status.CACHED, Status.PLACEHOLDER)
    ]
    store(repository, *records)
    with repository.unit() as unit:
        found = list(unit.least_recently_used())
    assert [item.key for item in found] == [
        "on_demand-placeholder",
        "catalog-placeholder",
        "custom-placeholder",
        "on_demand-cached",
        "catalog-cached",
        "custom-cached",
    ]
    assert [item.worth for item in found] == sorted(map(worth_of, records))


def test_an_evicted_entry_is_pending_and_rests(repository: Repository) -> None:
    store(repository, FULL, make_record("empty"))
    with repository.unit() as unit:
        unit.evict(["shopify", "empty", "unknown"], until=NOW + DAY)
    assert repository.get("shopify") == make_record(
        "shopify",
        created_at=FULL.created_at,
        checked_at=FULL.checked_at,
        next_attempt_at=NOW + DAY,
        fetch_count=FULL.fetch_count,
        failure_count=FULL.failure_count,
        last_outcome=FULL.last_outcome,
        last_error=FULL.last_error,
    )
    empty = repository.get("empty")
    assert empty is not None
    assert empty.next_attempt_at is None
    assert repository.totals(now=NOW, stale_before=NOW).counters["evictions"] == 1
    assert due_keys(repository, now=NOW + DAY, keys=["shopify"]) == ["shopify"]


@pytest.mark.parametrize(
    ("facts", "due"),
    [
        pytest.param({"last_outcome": OutcomeKind.FOUND}, NOW + 7 * DAY, id="a logo rests"),
        pytest.param({"last_outcome": OutcomeKind.TRANSIENT}, NOW + DAY, id="a failure is due as before"),
        pytest.param({"last_outcome": OutcomeKind.NOT_ASKED, "next_attempt_at": None}, None, id="offline"),
        pytest.param(
            {"last_outcome": OutcomeKind.NOT_FOUND, "next_attempt_at": NOW + 9 * DAY},
            NOW + 7 * DAY,
            id="a failure rests no longer than a logo",
        ),
    ],
)
def test_an_eviction_puts_off_no_attempt_that_makes_up_for_a_failure(
    repository: Repository, facts: dict[str, Any], due: datetime | None
) -> None:
    store(repository, make_cached("a", **({"next_attempt_at": NOW + DAY} | facts)))
    with repository.unit() as unit:
        unit.evict(["a"], until=NOW + 7 * DAY)
    record = repository.get("a")
    assert record is not None
    assert (record.file, record.next_attempt_at) == (None, due)


def test_eviction_ends_the_lease_of_who_still_knows_the_file(repository: Repository) -> None:
    store(repository, make_cached("a", next_attempt_at=NOW))
    ours = claimed(repository, ["a"])
    with repository.unit() as unit:
        unit.evict(["a"], until=NOW + DAY)
        assert unit.owned(ours) == {}


def test_a_cleared_entry_is_like_new_and_one_made_on_demand_is_gone(repository: Repository) -> None:
    custom = make_cached("custom", origin=Origin.CUSTOM)
    demanded = make_cached("demanded.test", origin=Origin.ON_DEMAND)
    store(repository, FULL, custom, demanded, make_cached("untouched"))
    ours = claimed(repository, ["custom"], due=DueFilter(now=NOW, forced=True))
    with repository.unit() as unit:
        cleared = unit.clear(files_by_key([FULL, custom, demanded]))
        assert unit.owned(ours) == {}
    assert list(cleared) == [ours[0], demanded, FULL]
    assert repository.get("shopify") == make_record(
        "shopify", created_at=FULL.created_at, fetch_count=FULL.fetch_count
    )
    assert repository.get("demanded.test") is None
    assert repository.get("untouched") == make_cached("untouched")
    assert due_keys(repository) == ["custom", "shopify"]


def test_only_what_still_has_the_planned_file_is_cleared(repository: Repository) -> None:
    planned = make_cached("a", content=b"old")
    pending = make_record("b", last_outcome=OutcomeKind.NOT_ASKED)
    filled = make_record("c")
    store(repository, make_cached("a", content=b"new"), pending, make_cached("c"))
    with repository.unit() as unit:
        assert list(unit.clear(files_by_key([planned, pending, filled, make_cached("unknown")]))) == [pending]
    assert repository.get("a") == make_cached("a", content=b"new")
    assert repository.get("c") == make_cached("c")
    assert due_keys(repository, offline=True) == ["b"]


def test_an_exception_undoes_all_of_it_and_passes(repository: Repository) -> None:
    store(repository, FULL)
    before = repository.totals(now=NOW, stale_before=NOW)

    def break_off() -> None:
        with repository.unit() as unit:
            unit.evict(["shopify"], until=NOW)
            unit.save([fetch_of(make_cached(), attempts=[make_attempt()], replaced=make_replaced())])
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        break_off()
    assert repository.get("shopify") == FULL
    assert repository.totals(now=NOW, stale_before=NOW) == before
    assert repository.attempts("shopify", limit=1) == []


def test_nothing_is_visible_before_the_end_and_readers_do_not_wait(repository: Repository) -> None:
    store(repository, FULL)
    with repository.unit() as unit:
        unit.evict(["shopify"], until=NOW)
        assert repository.get("shopify") == FULL
    record = repository.get("shopify")
    assert record is not None
    assert record.file is None


def test_units_and_other_writers_take_turns(migrated_url: str, open_url: Callable[..., Repository]) -> None:
    """Were two of them inside at once, both would read the same sum and one file would be lost from it."""
    repositories = [open_url(migrated_url) for _ in range(4)]
    known(repositories[0], *(f"key-{number}" for number in range(4)))
    sums: list[int] = []

    def write(number: int) -> None:
        for round_ in range(5):
            with repositories[number].unit() as unit:
                sums.append(unit.stored_bytes())
                file = make_file(f"key-{number}", size=round_ + 1)
                unit.save([fetch_of(make_cached(f"key-{number}", file=file))])
            repositories[number].record_accesses({f"key-{number}": Access(count=1, last_at=NOW)}, {"hits": 1})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sums) == list(range(20))
    assert repositories[0].totals(now=NOW, stale_before=NOW).counters["hits"] == 20


def test_making_an_entry_known_again_after_a_clear_starts_it_anew(repository: Repository) -> None:
    demanded = make_cached("demanded.test", origin=Origin.ON_DEMAND)
    store(repository, demanded)
    with repository.unit() as unit:
        unit.clear(files_by_key([demanded]))
    repository.register([make_integration("demanded.test", origin=Origin.ON_DEMAND)], now=NOW)
    assert due_keys(repository) == ["demanded.test"]


def test_only_names_that_no_row_has_are_unnamed(repository: Repository) -> None:
    known(repository, "apple")
    current, replaced = make_cached("apple", content=b"new"), make_replaced("apple", content=b"old")
    save(repository, fetch_of(current, replaced=replaced))
    assert current.file is not None
    with repository.unit() as unit:
        names = [current.file.name, replaced.name, "nobody_00000000.png"]
        assert set(unit.unnamed(names)) == {"nobody_00000000.png"}
        assert set(unit.unnamed([])) == set()


def test_replaced_files_are_forgotten_by_entry(repository: Repository) -> None:
    known(repository, "apple")
    replaced = make_replaced("apple", content=b"old")
    save(repository, fetch_of(make_cached("apple", content=b"new"), replaced=replaced))
    with repository.unit() as unit:
        assert list(unit.forget_replaced_of(["banana", "nobody"])) == []
        assert list(unit.forget_replaced_of(["apple"])) == [replaced]
    assert list(repository.replaced_files()) == []


def test_entries_whose_file_is_lost_are_made_due_and_keep_all_they_say(repository: Repository) -> None:
    lost = replace(FULL, next_attempt_at=NOW + 7 * DAY)
    other = make_cached("slack", content=b"old")
    store(repository, lost, other, make_cached("stripe"))
    save(repository, fetch_of(make_cached("slack", content=b"new")))
    claimed(repository, ["stripe"], due=DueFilter(now=NOW, forced=True))
    before = repository.generation()
    with repository.unit() as unit:
        asked = [lost, other, make_cached("stripe"), make_record("unknown")]
        made = unit.make_due(asked, now=NOW)
        assert [record.key for record in made] == ["shopify"], "neither replaced nor being fetched"
    assert repository.get("shopify") == replace(lost, next_attempt_at=None)
    assert due_keys(repository) == ["shopify"]
    assert repository.generation() > before
