"""Counting look-ups: none is lost, whatever the database does."""

import threading
from collections.abc import Mapping
from datetime import timedelta

import pytest

from harness.factories import NOW
from logocache.errors import DatabaseError
from logocache.operations.lookup import Accesses
from logocache.repository.totals import Access


class Ledger:
    """The part of a repository that `Accesses` uses; it can be away."""

    def __init__(self) -> None:
        self.hits: dict[str, int] = {}
        self.counters: dict[str, int] = {}
        self.last: dict[str, Access] = {}
        self.away = False

    def record_accesses(self, accesses: Mapping[str, Access], counters: Mapping[str, int]) -> None:
        if self.away:
            raise DatabaseError("the database is away", hint="wait")
        for key, access in accesses.items():
            self.hits[key] = self.hits.get(key, 0) + access.count
            self.last[key] = access
        for name, amount in counters.items():
            self.counters[name] = self.counters.get(name, 0) + amount


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def accesses(ledger: Ledger) -> Accesses:
    return Accesses(ledger)  # type: ignore[arg-type]  # the one method that is used


def test_hits_stale_hits_and_misses_are_told_apart(accesses: Accesses, ledger: Ledger) -> None:
    accesses.hit("shopify", stale=False, at=NOW)
    accesses.hit("shopify", stale=True, at=NOW + timedelta(seconds=1))
    accesses.hit("slack", stale=False, at=NOW)
    accesses.miss()
    assert accesses.held == 4
    accesses.flush()
    assert ledger.hits == {"shopify": 2, "slack": 1}
    assert ledger.counters == {"hits": 2, "stale": 1, "misses": 1}
    assert ledger.last["shopify"].last_at == NOW + timedelta(seconds=1)
    assert accesses.held == 0


def test_what_cannot_be_written_stays_counted(accesses: Accesses, ledger: Ledger) -> None:
    ledger.away = True
    accesses.hit("shopify", stale=False, at=NOW)
    with pytest.raises(DatabaseError):
        accesses.flush()
    accesses.hit("shopify", stale=False, at=NOW - timedelta(seconds=5))
    ledger.away = False
    accesses.flush()
    accesses.flush()
    assert ledger.hits == {"shopify": 2}
    assert ledger.counters == {"hits": 2}
    assert ledger.last["shopify"].last_at == NOW


def test_counting_goes_on_in_many_threads(accesses: Accesses, ledger: Ledger) -> None:
    def count() -> None:
        for _ in range(200):
            accesses.hit("shopify", stale=False, at=NOW)
            accesses.flush()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accesses.flush()
    assert ledger.hits == {"shopify": 1600}
