"""No connection outlives the database's closing by more than its transaction, and none a file it left."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from logocache.repository.database import Database
from logocache.repository.engine import parse_address

Transaction = Callable[[Database], AbstractContextManager[Connection]]


@pytest.fixture
def database(sqlite_template: Path) -> Database:
    return Database(parse_address(f"sqlite:///{sqlite_template}"), lock_wait=1)


def beneath(connection: Connection) -> sqlite3.Connection:
    driver: object = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.total_changes  # noqa: B018  # raises
    except sqlite3.ProgrammingError:
        return True
    return False


def test_idle_ones_are_kept_until_it_is_closed(database: Database) -> None:
    with database.read() as connection:
        used = beneath(connection)
    assert not is_closed(used)
    database.close()
    assert is_closed(used)


def test_one_in_use_is_closed_when_its_transaction_ends(database: Database) -> None:
    with database.look_up() as connection:
        used = beneath(connection)
        database.close()
        assert not is_closed(used)
    assert is_closed(used)


@pytest.mark.parametrize("late", [Database.read, Database.look_up, Database.write])
def test_a_thread_that_is_still_at_work_leaves_none_behind(database: Database, late: Transaction) -> None:
    database.close()
    with late(database) as connection:
        used = beneath(connection)
    assert is_closed(used)


def test_one_that_was_in_use_when_others_were_closed_is_not_kept(database: Database) -> None:
    try:
        with database.read() as connection:
            used = beneath(connection)
            database.start_over()
        assert is_closed(used)
        with database.read() as connection:
            later = beneath(connection)
        assert not is_closed(later)
    finally:
        database.close()
