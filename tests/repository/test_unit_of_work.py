"""What happens inside the one exclusive write transaction."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from logocache.model import Origin, OutcomeKind, Status
from logocache.ports.repository import Access
from logocache.repository.repository import SqlRepository
from makers import DAY, NOW, make_cached, make_file, make_integration, make_record
from repository.entries import (
    OTHER,
    OWNER,
    claim,
    due_keys,
    fetch_of,
    known,
    make_attempt,
    make_replaced,
    save,
    store,
)

FULL = make_cached(
    "shopify",
    licence="CC0-1.0",
    attribution="Simple Icons",
    store_until=NOW + 30 * DAY,
    etag='W/"1"',
    last_modified="Sun, 22 Nov 2026 12:00:00 GMT",
    candidates_digest="ab" * 32,
    fetched_at=NOW + timedelta(microseconds=1),
    checked_at=NOW + timedelta(microseconds=999_999),
    next_attempt_at=NOW + 7 * DAY,
    fetch_count=3,
    failure_count=2**40,
    last_outcome=OutcomeKind.UNCHANGED,
    last_error="earlier: timed out",
)
"""An entry with a value in every column that saving writes."""


def test_a_saved_entry_comes_back_as_it_was(repository: SqlRepository) -> None:
    store(repository, FULL)
    assert repository.get("shopify") == FULL


def test_saving_ends_the_lease(repository: SqlRepository) -> None:
    known(repository, "shopify")
    claim(repository, ["shopify"])
    save(repository, fetch_of(make_cached("shopify")))
    assert repository.count_leased(now=NOW) == 0
    with repository.unit() as unit:
        assert unit.owned(["shopify"], OWNER) == {}


def test_saving_leaves_the_accesses_as_they_are(repository: SqlRepository) -> None:
    known(repository, "shopify")
    repository.record_accesses({"shopify": Access(count=5, last_at=NOW)}, {})
    save(repository, fetch_of(make_cached("shopify", access_count=0, last_accessed_at=None)))
    record = repository.get("shopify")
    assert record is not None
    assert (record.access_count, record.last_accessed_at, record.status) == (5, NOW, Status.CACHED)


def test_saving_an_entry_that_is_gone_brings_nothing_back(repository: SqlRepository) -> None:
    save(repository, fetch_of(make_cached("gone"), attempts=[make_attempt("gone")]))
    assert repository.get("gone") is None
    assert repository.attempts("gone", limit=10) == [make_attempt("gone")]


def test_saving_nothing_is_fine(repository: SqlRepository) -> None:
    save(repository)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            {"last_error": "bad\0\x1b[31m\n\ud800 end"}, {"last_error": "bad [31m end"}, id="controls"
        ),
        pytest.param({"last_error": "x" * 600}, {"last_error": "x" * 500}, id="long error"),
        pytest.param({"source_url": "u" * 3000}, {"source_url": "u" * 2048}, id="long URL"),
        pytest.param({"licence": "é" * 300}, {"licence": "é" * 200}, id="long licence"),
        pytest.param({"attribution": "\U0001f600" * 501}, {"attribution": "\U0001f600" * 500}, id="emoji"),
        pytest.param({"etag": "e" * 513}, {"etag": None}, id="long ETag"),
        pytest.param({"etag": "a\0b"}, {"etag": None}, id="NUL in an ETag"),
        pytest.param({"last_modified": "a\x7fb"}, {"last_modified": None}, id="broken Last-Modified"),
    ],
)
def test_texts_from_outside_are_made_to_fit(
    repository: SqlRepository, facts: dict[str, Any], expected: dict[str, Any]
) -> None:
    store(repository, replace(FULL, **facts))
    assert repository.get("shopify") == replace(FULL, **expected)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"status": Status.PENDING}, id="pending with a file"),
        pytest.param({"file": None}, id="cached without a file"),
        pytest.param({"provider": "x" * 65}, id="long provider"),
        pytest.param({"file": replace(make_file(), name="a\0.png")}, id="NUL in the file name"),
        pytest.param({"file": replace(make_file(), size=-1)}, id="negative size"),
        pytest.param({"file": replace(make_file(), width=2**31)}, id="too wide"),
        pytest.param({"fetch_count": 2**63}, id="too many fetches"),
    ],
)
def test_records_that_cannot_be_are_refused_and_nothing_is_written(
    repository: SqlRepository, facts: dict[str, Any]
) -> None:
    store(repository, FULL, make_cached("other"))
    bad = replace(FULL, **facts)
    with pytest.raises(ValueError, match=r"has the file|storable|is not between"):
        save(repository, fetch_of(make_record("other")), fetch_of(bad))
    assert repository.get("shopify") == FULL
    assert repository.get("other") == make_cached("other")


def test_the_audit_trail_is_kept_newest_first(repository: SqlRepository) -> None:
    known(repository, "shopify", "stripe")
    first = make_attempt(outcome=OutcomeKind.TRANSIENT, status=None, reason="timed out")
    second = make_attempt(provider="duckduckgo")
    third = make_attempt(at=NOW + DAY)
    save(
        repository,
        fetch_of(make_cached("shopify"), attempts=[first, second, third]),
        fetch_of(make_cached("stripe"), attempts=[make_attempt("stripe")]),
    )
    assert list(repository.attempts("shopify", limit=10)) == [third, second, first]
    assert list(repository.attempts("shopify", limit=1)) == [third]
    assert repository.attempts("a\0", limit=1) == []


def test_an_audit_line_is_made_to_fit_rather_than_lost(repository: SqlRepository) -> None:
    known(repository, "shopify")
    wild = make_attempt(
        url="https://a.test/" + "x" * 3000,
        duration=float("inf"),
        status=2**40,
        bytes=2**70,
        reason="<h1>\0</h1>\r\n" * 100,
    )
    save(repository, fetch_of(make_cached("shopify"), attempts=[wild, replace(wild, bytes=-5, duration=1.5)]))
    tame = replace(
        wild,
        url=wild.url[:2048],
        duration=0.0,
        status=None,
        bytes=2**63 - 1,
        reason=("<h1> </h1> " * 46)[:500].strip(),
    )
    assert list(repository.attempts("shopify", limit=2)) == [replace(tame, bytes=0, duration=1.5), tame]


def test_old_audit_lines_are_dropped_and_counted(repository: SqlRepository) -> None:
    known(repository, "shopify")
    old, edge, young = (make_attempt(at=NOW - days * DAY) for days in (91, 90, 1))
    save(repository, fetch_of(make_cached("shopify"), attempts=[old, edge, young]))
    assert repository.purge_attempts(before=NOW - 90 * DAY) == 1
    assert list(repository.attempts("shopify", limit=10)) == [young, edge]
    assert repository.purge_attempts(before=NOW - 90 * DAY) == 0


def test_stored_bytes_are_those_of_current_and_replaced_files(repository: SqlRepository) -> None:
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


def test_a_replaced_file_is_kept_for_its_grace_period(repository: SqlRepository) -> None:
    known(repository, "a", "b")
    late, early = make_replaced("a", days=7), make_replaced("b", days=1)
    save(
        repository,
        fetch_of(make_cached("a"), replaced=late),
        fetch_of(make_cached("b"), replaced=early),
    )
    assert list(repository.replaced_files()) == [early, late]
    with repository.unit() as unit:
        assert list(unit.oldest_replaced(limit=1)) == [early]
        unit.forget_replaced([early.name, "unknown.png"])
        assert list(unit.oldest_replaced(limit=5)) == [late]


def test_a_file_that_is_current_again_is_no_longer_a_replaced_one(repository: SqlRepository) -> None:
    old, new = make_cached("a", content=b"old"), make_cached("a", content=b"new")
    store(repository, old)
    save(repository, fetch_of(new, replaced=make_replaced("a", content=b"old")))
    save(repository, fetch_of(old, replaced=make_replaced("a", content=b"new")))
    assert list(repository.replaced_files()) == [make_replaced("a", content=b"new")]


def test_a_file_replaced_twice_has_the_later_grace_period(repository: SqlRepository) -> None:
    known(repository, "a")
    for days in (1, 7):
        save(repository, fetch_of(make_cached("a"), replaced=make_replaced("a", days=days)))
    assert list(repository.replaced_files()) == [make_replaced("a", days=7)]


def test_the_least_recently_used_come_first_and_pinned_ones_never(repository: SqlRepository) -> None:
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
        order = [each.key for each in unit.least_recently_used(limit=9, excluding=[])]
        assert order == ["never-fetched", "fetched-first", "same-a", "same-b", "read-lately"]
        some = unit.least_recently_used(limit=2, excluding={"never-fetched", "same-a", "\0"})
        assert [each.key for each in some] == ["fetched-first", "same-b"]


def test_an_evicted_entry_is_pending_and_rests(repository: SqlRepository) -> None:
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


def test_eviction_ends_the_lease_of_who_still_knows_the_file(repository: SqlRepository) -> None:
    store(repository, make_cached("a", next_attempt_at=NOW))
    assert claim(repository, ["a"]) == ["a"]
    with repository.unit() as unit:
        unit.evict(["a"], until=NOW + DAY)
        assert unit.owned(["a"], OWNER) == {}


def test_a_cleared_entry_is_like_new_and_one_made_on_demand_is_gone(repository: SqlRepository) -> None:
    custom = make_cached("custom", origin=Origin.CUSTOM)
    demanded = make_cached("demanded.test", origin=Origin.ON_DEMAND)
    store(repository, FULL, custom, demanded, make_cached("untouched"))
    claim(repository, ["custom"], owner=OTHER)
    with repository.unit() as unit:
        cleared = unit.clear([FULL, custom, demanded])
    assert list(cleared) == [custom, demanded, FULL]
    assert repository.get("shopify") == make_record(
        "shopify", created_at=FULL.created_at, fetch_count=FULL.fetch_count
    )
    assert repository.get("demanded.test") is None
    assert repository.get("untouched") == make_cached("untouched")
    assert due_keys(repository) == ["custom", "shopify"]


def test_only_what_still_has_the_planned_file_is_cleared(repository: SqlRepository) -> None:
    planned = make_cached("a", content=b"old")
    pending = make_record("b", last_outcome=OutcomeKind.NOT_ASKED)
    filled = make_record("c")
    store(repository, make_cached("a", content=b"new"), pending, make_cached("c"))
    with repository.unit() as unit:
        assert list(unit.clear([planned, pending, filled, make_cached("unknown")])) == [pending]
    assert repository.get("a") == make_cached("a", content=b"new")
    assert repository.get("c") == make_cached("c")
    assert due_keys(repository, offline=True) == ["b"]


def test_an_exception_undoes_all_of_it_and_passes(repository: SqlRepository) -> None:
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


def test_nothing_is_visible_before_the_end_and_readers_do_not_wait(repository: SqlRepository) -> None:
    store(repository, FULL)
    with repository.unit() as unit:
        unit.evict(["shopify"], until=NOW)
        assert repository.get("shopify") == FULL
    record = repository.get("shopify")
    assert record is not None
    assert record.file is None


def test_units_and_other_writers_take_turns(
    migrated_url: str, open_url: Callable[..., SqlRepository]
) -> None:
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


def test_making_an_entry_known_again_after_a_clear_starts_it_anew(repository: SqlRepository) -> None:
    demanded = make_cached("demanded.test", origin=Origin.ON_DEMAND)
    store(repository, demanded)
    with repository.unit() as unit:
        unit.clear([demanded])
    repository.register([make_integration("demanded.test", origin=Origin.ON_DEMAND)], now=NOW)
    assert due_keys(repository) == ["demanded.test"]
