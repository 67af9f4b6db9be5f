"""SQLAlchemy engines, set up so that both databases behave alike.

Who writes holds the database's one writer lock from its first statement on: SQLite's own
(BEGIN IMMEDIATE), or an advisory lock of PostgreSQL. So what a writer reads stays true until it
commits, no writer meets a conflict halfway, and there are no deadlocks.
"""

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from logocache.errors import DatabaseError, needs_extra
from logocache.repository.address import SETTING, Address
from logocache.repository.mounts import refuse_network_file_system
from logocache.repository.pools import GENERAL, WRITES, Pool
from logocache.repository.sealed import SealedConnection, check_seal, sealed_connection

OLDEST_SQLITE = (3, 35, 0)
"""March 2021: UPDATE … RETURNING. Generated columns came with 3.31."""


def make_engine(address: Address, *, lock_wait: float, pool: Pool = GENERAL) -> Engine:
    """An engine that has not connected yet. Who wants a lock waits up to `lock_wait` seconds for it."""
    if address.is_sqlite:
        return _sqlite_engine(address, lock_wait, pool)
    # psycopg takes 100 ms to import.
    with needs_extra("postgresql", "a postgresql:// database"):
        from logocache.repository.postgresql import postgresql_engine  # noqa: PLC0415

    return postgresql_engine(address, lock_wait, pool)


def _sqlite_engine(address: Address, lock_wait: float, pool: Pool) -> Engine:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseError(
            f"SQLite {sqlite3.sqlite_version} is too old",
            hint="use a Python with SQLite 3.35 or later, or PostgreSQL",
        )
    engine = create_engine(
        address.url,
        pool_size=pool.size,
        max_overflow=pool.overflow,
        pool_timeout=lock_wait,
        hide_parameters=True,
        connect_args={"timeout": lock_wait},
    )
    event.listen(engine, "do_connect", partial(_connect_sqlite, address.path))
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "checkout", check_seal)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _connect_sqlite(
    path: Path, _dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]
) -> sqlite3.Connection | None:
    """None lets SQLAlchemy connect."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # of a folder SQLite itself says enough
        raise DatabaseError(
            f"the SQLite database {path} is not a regular file", hint=f"give {SETTING} another path"
        )
    refuse_network_file_system(path)
    return sealed_connection(path, parameters)


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Take transactions into our own hands, and let readers and a writer work at the same time.

    synchronous=FULL: a commit that returned survives a power failure. With WAL the usual NORMAL may
    lose the last commits, and then a row could name a file that has since been deleted.
    """
    connection.isolation_level = None  # else Python begins transactions, and not before SELECT or DDL
    if isinstance(connection, SealedConnection):
        return
    cursor = connection.cursor()
    try:
        _switch_to_wal(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()  # the pool forgets a connection that could not be set up, and leaves it open
        raise
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    """Turn on write-ahead logging; it stays on in the file.

    The switch itself does not wait for other connections. So when there are some, wait until they
    are done by taking their locks, and try again.
    """
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            cursor.execute("BEGIN EXCLUSIVE")  # raises when the time to wait is over
            cursor.execute("ROLLBACK")
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
