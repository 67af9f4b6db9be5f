"""A cache that was used before its process is forked: prefork servers, task queues, multiprocessing."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.forks import forked, in_child, open_files
from logocache.bootstrap import open_cache
from logocache.cache import LogoCache
from logocache.settings import Settings

pytestmark = pytest.mark.end_to_end

KEYS = ("shopify", "stripe")


@pytest.fixture
def cache(tmp_path: Path, database_url: str) -> Iterator[LogoCache]:
    """The real one, used in every way that leaves something behind in the process."""
    settings = Settings(dir=tmp_path / "logos", database_url=database_url, offline=True)
    with open_cache(settings) as cache:
        assert cache.init(KEYS).asked == len(KEYS)
        assert cache.get("shopify") is not None
        cache.flush()
        yield cache


def use(cache: LogoCache) -> tuple[bool, int, int]:
    """Look up, fetch, and ask for figures."""
    found = cache.get("shopify") is not None
    asked = cache.refresh(KEYS, force=True).asked
    cache.flush()
    return found, asked, cache.stats().hits


def locks_in(thing: object, seen: dict[int, object]) -> Iterator[Any]:
    """All locks that can be reached from it through objects of ours. `Any`: their types have no names."""
    if id(thing) in seen:
        return
    seen[id(thing)] = thing  # kept, or its id would soon be another's
    if isinstance(thing, threading.Condition):
        yield from locks_in(thing._lock, seen)  # type: ignore[attr-defined]  # several may share one
    elif isinstance(thing, threading.Event):
        yield from locks_in(thing._cond, seen)  # type: ignore[attr-defined]  # what its methods wait for
    elif hasattr(thing, "acquire") and hasattr(thing, "release"):
        yield thing
    elif isinstance(thing, dict):
        for value in [*thing.keys(), *thing.values()]:
            yield from locks_in(value, seen)
    elif isinstance(thing, (list, tuple, set, frozenset)):
        for value in list(thing):
            yield from locks_in(value, seen)
    elif type(thing).__module__.startswith("logocache"):
        names = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        fields = {name: getattr(thing, name, None) for name in names} | getattr(thing, "__dict__", {})
        yield from locks_in(fields, seen)


@contextmanager
def held_elsewhere(locks: list[Any]) -> Iterator[None]:
    """Another thread holds them all, and so for ever where that thread is not."""
    are_held, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            are_held.set()
            enough.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert are_held.wait(60)
        yield
    finally:
        enough.set()
        thread.join()


def test_it_works_in_the_child_and_goes_on_in_the_parent(cache: LogoCache) -> None:
    assert in_child(lambda: use(cache)) == (True, len(KEYS), 2)
    assert use(cache) == (True, len(KEYS), 3)


def test_children_work_beside_each_other_and_their_parent(cache: LogoCache) -> None:
    with forked(lambda: use(cache)) as first, forked(lambda: use(cache)) as second:
        used = [use(cache), first(), second()]
    assert [(found, asked) for found, asked, _ in used if asked] != []
    assert all(found for found, _, _ in used)
    assert cache.stats().hits == 1 + len(used)
    assert cache.verify().findings == ()


def test_a_child_of_a_child_works(cache: LogoCache) -> None:
    assert in_child(lambda: in_child(lambda: use(cache))) == (True, len(KEYS), 2)


def test_locks_that_other_threads_hold_at_that_moment_stop_nothing(cache: LogoCache) -> None:
    cache.on_demand.fetch("shopify", forced=True)
    locks = list(locks_in(cache, {}))
    assert len(locks) > 10, "the walk no longer finds them"
    with held_elsewhere(locks):
        assert in_child(lambda: use(cache)) == (True, len(KEYS), 2)
        assert in_child(lambda: cache.on_demand.fetch("shopify", forced=True).record) is not None


def test_whoever_holds_the_shelf_goes_on_with_it(cache: LogoCache) -> None:
    """As the server does."""
    lookup, on_demand = cache.lookup, cache.on_demand

    def ask() -> tuple[bool, bool, int]:
        on_demand.fetch("stripe", forced=True)
        lookup.count_hit("stripe", stale=False)
        return lookup is cache.lookup, lookup.find("stripe") is not None, cache.lookup.counted

    assert in_child(ask) == (True, True, 1)


def test_what_the_parent_counted_is_counted_once(cache: LogoCache) -> None:
    cache.get("stripe")
    assert cache.lookup.counted == 1
    assert in_child(lambda: cache.lookup.counted) == 0
    in_child(cache.close)
    cache.flush()
    assert cache.stats().hits == 2


def test_a_fork_waits_for_transactions_and_the_child_shares_no_file(cache: LogoCache, tmp_path: Path) -> None:
    """Refreshing goes on in another thread, one transaction after the other."""
    enough = threading.Event()

    def refresh() -> None:
        while not enough.is_set():
            cache.refresh(KEYS, force=True)

    def see() -> tuple[bool, bool]:
        database = tmp_path / "database" / "logocache.db"
        is_open = database.exists() and (database.stat().st_dev, database.stat().st_ino) in open_files()
        return is_open, use(cache)[0]

    thread = threading.Thread(target=refresh)
    thread.start()
    try:
        assert [in_child(see) for _ in range(5)] == [(False, True)] * 5
    finally:
        enough.set()
        thread.join()


def test_a_child_holds_the_locks_of_what_it_reads(tmp_path: Path) -> None:
    """SQLite deletes its log with the last connection that has a lock; a child must count as one."""
    said, go_on = os.pipe(), os.pipe()
    database = tmp_path / "logos" / ".logocache" / "logocache.db"
    log = database.with_name(f"{database.name}-wal")

    def read(cache: LogoCache) -> tuple[bool, int]:
        found = cache.get("shopify") is not None
        os.write(said[1], b"x")
        os.read(go_on[0], 1)
        return found, cache.refresh(KEYS, force=True).asked

    settings = Settings(dir=tmp_path / "logos", offline=True)
    with open_cache(settings) as cache:
        cache.init(KEYS)
        with forked(partial(read, cache)) as result:
            os.read(said[0], 1)
            cache.close()
            assert log.exists()
            os.write(go_on[1], b"x")
            assert result() == (True, len(KEYS))
    with open_cache(settings) as cache:
        assert cache.verify().findings == ()
    for descriptor in (*said, *go_on):
        os.close(descriptor)
