"""SQLAlchemy engines, set up so that both databases behave alike.

Who writes holds the database's one writer lock from its first statement on: SQLite's own
(BEGIN IMMEDIATE), or an advisory lock of PostgreSQL. So what a writer reads stays true until it
commits, no writer meets a conflict halfway, and there are no deadlocks.
"""

import sqlite3
from functools import partial

from sqlalchemy import Connection, Engine, create_engine, event

from logocache.errors import DatabaseError
from logocache.repository.address import Address
from logocache.repository.mounts import refuse_network_file_system

WRITES = "logocache_writes"
"""Execution option of connections whose transactions write."""

POOL_SIZE = 5
"""Idle connections that are kept."""
MAX_OVERFLOW = 10
"""Further ones for peaks: threads that wait for the writer lock must leave some for who holds it."""
WRITER_LOCK = 0x6C6F676F  # "logo"
"""The advisory lock, within one PostgreSQL database, that writers hold."""
OLDEST_SQLITE = (3, 35, 0)
"""March 2021: UPDATE … RETURNING. Generated columns came with 3.31."""

POSTGRESQL_PARAMETERS = {
    "application_name": "logocache",
    "connect_timeout": 5,
    # A server that vanished is noticed within half a minute, not after hours.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    # PgBouncer hands a transaction to any server connection, and prepared statements stay behind.
    "prepare_threshold": None,
}
"""Parameters of libpq and psycopg; those in the URL come before them."""


def make_engine(address: Address, *, lock_wait: float) -> Engine:
    """An engine that has not connected yet."""
    if address.is_sqlite:
        return _sqlite_engine(address, lock_wait)
    return _postgresql_engine(address, lock_wait)


def _sqlite_engine(address: Address, lock_wait: float) -> Engine:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseError(
            f"SQLite {sqlite3.sqlite_version} is too old",
            hint="use a Python with SQLite 3.35 or later, or PostgreSQL",
        )
    engine = create_engine(
        address.url,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_timeout=lock_wait,
        hide_parameters=True,
        connect_args={"timeout": lock_wait},
    )
    event.listen(engine, "do_connect", lambda *_: refuse_network_file_system(address.path))
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Take transactions into our own hands, and let readers and a writer work at the same time.

    synchronous=FULL: a commit that returned survives a power failure. With WAL the usual NORMAL may
    lose the last commits, and then a row could name a file that has since been deleted.
    """
    connection.isolation_level = None  # else Python begins transactions, and not before SELECT or DDL
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


def _postgresql_engine(address: Address, lock_wait: float) -> Engine:
    given = address.url.query
    engine = create_engine(
        address.url,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_timeout=lock_wait,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={name: value for name, value in POSTGRESQL_PARAMETERS.items() if name not in given},
    )
    event.listen(engine, "begin", partial(_begin_postgresql, lock_wait=lock_wait))
    return engine


def _begin_postgresql(connection: Connection, *, lock_wait: float) -> None:
    if connection.get_execution_options().get(WRITES, False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(lock_wait * 1000)}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
