"""The number by which other processes notice that a look-up may have another answer now."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from harness.entries import (
    claim,
    fetch_of,
    integration_of,
    known,
    make_attempt,
    make_replaced,
    save,
    store,
)
from harness.factories import DAY, NOW, files_by_key, make_cached, make_record
from harness.race import race
from logocache.model import LogoRecord, Origin
from logocache.repository import Repository
from logocache.repository.filters import RecordFilter
from logocache.repository.totals import Access

CACHED = make_cached("cached", next_attempt_at=NOW)
DEMANDED = make_cached("demanded.test", origin=Origin.ON_DEMAND)
PENDING = make_record("pending")
RENAMED = replace(integration_of(CACHED), name="Renamed")
OLD = make_replaced("cached", content=b"old")


@pytest.fixture
def stocked(repository: Repository) -> Repository:
    """Entries of each kind, one of them leased."""
    store(repository, CACHED, DEMANDED, PENDING)
    save(repository, fetch_of(CACHED, attempts=[make_attempt("cached")], replaced=OLD))
    claim(repository, ["cached"])
    return repository


def evict(repository: Repository, *keys: str) -> None:
    with repository.unit() as unit:
        unit.evict(keys, until=NOW + DAY)


def clear(repository: Repository, record: LogoRecord) -> None:
    with repository.unit() as unit:
        unit.clear(files_by_key([record]))


def break_off(repository: Repository) -> None:
    with suppress(KeyError), repository.unit() as unit:
        unit.evict(["cached"], until=NOW)
        unit.clear(files_by_key([DEMANDED]))
        raise KeyError


def forget(repository: Repository) -> None:
    with repository.unit() as unit:
        unit.forget_replaced_of(["cached"])
        unit.forget_replaced([OLD.name])


CHANGES = [
    pytest.param(lambda r: known(r, "new"), id="a new entry"),
    pytest.param(lambda r: r.register([RENAMED], now=NOW), id="another name"),
    pytest.param(lambda r: r.register([replace(RENAMED, domain="new.test")], now=NOW), id="another domain"),
    pytest.param(lambda r: save(r, fetch_of(make_cached("pending"))), id="a logo"),
    pytest.param(
        lambda r: save(r, fetch_of(replace(PENDING, next_attempt_at=NOW + DAY))), id="a failure, waited out"
    ),
    pytest.param(lambda r: evict(r, "cached"), id="an eviction"),
    pytest.param(lambda r: clear(r, CACHED), id="an entry cleared"),
    pytest.param(lambda r: clear(r, DEMANDED), id="an entry deleted"),
]
NO_CHANGES = [
    pytest.param(lambda r: r.register([integration_of(CACHED)], now=NOW), id="the same catalogue"),
    pytest.param(lambda r: r.register([], now=NOW), id="no catalogue"),
    pytest.param(lambda r: claim(r, ["pending"]), id="a lease"),
    pytest.param(lambda r: r.release(r.page(RecordFilter(), after=None, limit=9)), id="the end of a lease"),
    pytest.param(
        lambda r: r.record_accesses({"cached": Access(count=3, last_at=NOW)}, {"hits": 3}), id="accesses"
    ),
    pytest.param(lambda r: r.purge_attempts(before=NOW + DAY), id="an audit trail cut"),
    pytest.param(save, id="nothing saved"),
    pytest.param(lambda r: evict(r, "pending", "unknown"), id="nothing to evict"),
    pytest.param(lambda r: clear(r, make_cached("cached", content=b"other")), id="nothing to clear"),
    pytest.param(forget, id="replaced files forgotten"),
    pytest.param(break_off, id="a transaction undone"),
    pytest.param(lambda r: r.migrate(), id="a migration with nothing to do"),
]


def test_before_anything_changed_it_is_0(repository: Repository) -> None:
    assert repository.generation() == 0


@pytest.mark.parametrize("change", CHANGES)
def test_it_rises_with_each_change_for_every_connection(
    stocked: Repository,
    migrated_url: str,
    open_url: Callable[..., Repository],
    change: Callable[[Repository], object],
) -> None:
    other = open_url(migrated_url)
    before = other.generation()
    change(stocked)
    assert other.generation() == stocked.generation() > before


@pytest.mark.parametrize("change", NO_CHANGES)
def test_it_stays_when_no_look_up_would_answer_otherwise(
    stocked: Repository, change: Callable[[Repository], object]
) -> None:
    before = stocked.generation()
    change(stocked)
    assert stocked.generation() == before


def test_nobody_sees_it_before_the_change_itself(stocked: Repository) -> None:
    before = stocked.generation()
    with stocked.unit() as unit:
        unit.evict(["cached"], until=NOW)
        assert stocked.generation() == before
    assert stocked.generation() > before


def test_a_transaction_that_changes_much_counts_once(stocked: Repository) -> None:
    before = stocked.generation()
    with stocked.unit() as unit:
        unit.save([fetch_of(make_cached("pending"))])
        unit.evict(["cached"], until=NOW)
        unit.clear(files_by_key([DEMANDED]))
    assert stocked.generation() == before + 1


def test_it_is_no_figure_of_the_totals(stocked: Repository) -> None:
    assert stocked.generation() > 0
    totals = stocked.totals(now=NOW, stale_before=NOW)
    assert set(totals.counters) == {"hits", "misses", "stale", "evictions"}


CHANGE_AND_LOOK = """
import json
from datetime import UTC, datetime
from logocache.model import Integration
from logocache.repository import open_repository

repository = open_repository(url)
wait_for_the_others()
seen = []
for number in range(5):
    for key in (f"{name}-{number}", f"shared-{number}"):
        new = Integration(key=key, name=key, domain="a.test", category="shops")
        repository.register([new], now=datetime.now(UTC))
    seen.append(repository.generation())
repository.close()
print(json.dumps(seen))
"""


@pytest.mark.end_to_end
def test_each_change_of_several_processes_counts_and_what_another_did_before_does_not(
    repository: Repository, migrated_url: str
) -> None:
    seen = race(CHANGE_AND_LOOK, migrated_url, count=4)
    assert repository.generation() == 4 * 5 + 5
    assert all(numbers == sorted(set(numbers)) for numbers in seen)
