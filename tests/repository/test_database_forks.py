"""Forks wait for transactions, and what could not be waited for is never touched in the child."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.forks import in_child, open_files
from logocache.errors import DatabaseError
from logocache.repository import Repository
from logocache.repository.database import Forks
from logocache.repository.engine import Address, parse_address

pytestmark = pytest.mark.end_to_end

SQLITE = parse_address("sqlite:////somewhere/logocache.db")
ELSEWHERE = parse_address("sqlite:////elsewhere/logocache.db")
POSTGRESQL = parse_address("postgresql://somebody@database.test/logocache")


@contextmanager
def another_thread_in(forks: Forks, *addresses: Address) -> Iterator[None]:
    """While it lasts, another thread is in transactions with them."""
    has_begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        with ExitStack() as transactions:
            for address in addresses:
                transactions.enter_context(forks.held_off(address))
            has_begun.set()
            may_end.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert has_begun.wait(60)
        yield
    finally:
        may_end.set()
        thread.join()


def test_a_fork_waits_until_a_transaction_of_another_thread_has_ended() -> None:
    forks = Forks(patience=60)
    has_forked = threading.Event()

    def fork() -> None:
        forks.before()
        has_forked.set()
        forks.after_in_parent()

    thread = threading.Thread(target=fork)
    with another_thread_in(forks, SQLITE):
        thread.start()
        assert not has_forked.wait(0.2)
    thread.join()
    assert has_forked.is_set()


def test_no_transaction_begins_while_a_fork_waits_or_happens() -> None:
    forks = Forks(patience=60)
    has_begun = threading.Event()

    def work() -> None:
        with forks.held_off(SQLITE):
            has_begun.set()

    forks.before()
    thread = threading.Thread(target=work)
    thread.start()
    assert not has_begun.wait(0.2)
    forks.after_in_parent()
    thread.join()
    assert has_begun.is_set()


def test_nothing_is_waited_for_in_the_midst_of_ones_own_transaction() -> None:
    forks = Forks(patience=60)
    with forks.held_off(POSTGRESQL):
        forks.before()
        forks.after_in_parent()
        with forks.held_off(POSTGRESQL):
            pass


def test_what_could_not_be_waited_for_goes_on_in_the_parent() -> None:
    forks = Forks(patience=0)
    with another_thread_in(forks, SQLITE):
        for _ in range(2):
            forks.before()
            forks.after_in_parent()
        with forks.held_off(SQLITE):
            pass


def test_sqlite_is_refused_in_the_child_of_a_fork_that_could_not_wait() -> None:
    forks = Forks(patience=0)
    with another_thread_in(forks, SQLITE, POSTGRESQL):
        forks.before()
        forks.after_in_child()
        for _ in range(2):
            with pytest.raises(DatabaseError, match="was forked in the midst"), forks.held_off(SQLITE):
                raise AssertionError("unreachable")
        with forks.held_off(ELSEWHERE), forks.held_off(POSTGRESQL):
            pass


def test_a_transaction_in_which_the_fork_happened_ends_in_the_child_too() -> None:
    forks = Forks(patience=0)
    with forks.held_off(POSTGRESQL):
        forks.before()
        forks.after_in_child()
    forks.before()
    forks.after_in_parent()


def test_a_child_inherits_no_connection(repository: Repository, backend: str, migrated_url: str) -> None:
    repository.identity()
    before = open_files()
    if backend == "sqlite":
        database = Path(parse_address(migrated_url).path).stat()
        assert (database.st_dev, database.st_ino) in before
    inherited = in_child(open_files)
    assert not repository._database._engine.pool.checkedin()  # type: ignore[attr-defined]  # a QueuePool
    if backend == "sqlite":
        assert (database.st_dev, database.st_ino) not in inherited
    repository.identity()
