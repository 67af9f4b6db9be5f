"""SQLAlchemy engines: URLs, pools, timeouts, equal behaviour of both databases, and their errors as ours."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, StatementError

from logocache.errors import DatabaseError, SchemaError, SettingsError, needs_extra
from logocache.repository.sqlite import (
    SealedConnection,
    check_seal,
    refuse_network_file_system,
    sealed_connection,
)
from logocache.settings.masking import SECRET_PARAMETERS, Mask, is_ambiguous

SQLITE_PREFIX = "sqlite:///"
POSTGRESQL_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
SETTING = "LOGO_CACHE_DATABASE_URL"
FORMS = "write sqlite:////path/to/file.db or postgresql://user:password@host:5432/name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Address of the database. `str` and `repr` show no secret."""

    url: URL = field(repr=False)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database or "")

    def masked(self, message: str) -> str:
        """Return a driver's `message` with the secrets of the URL, and parts of them, masked."""
        parameters = self.url.normalized_query
        secrets = [secret for name in SECRET_PARAMETERS for secret in parameters.get(name, ())]
        return Mask([*secrets, str(self.url.password or "")])(message)

    def __str__(self) -> str:
        if self.is_sqlite:
            return str(self.path)
        host = self.url.host or self.url.normalized_query.get("host", ("localhost",))[0]
        port = f":{self.url.port}" if self.url.port else ""
        return f"{self.url.database or ''} at {host}{port}".strip()


def parse_address(text: str) -> Address:
    """Parse a database URL. The text after `sqlite:///` is a plain path, without escapes.

    Raises:
        SettingsError: not the URL of a supported database. The message does not contain the URL.
    """
    if text.startswith("sqlite:"):
        return _sqlite_address(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Not chained: the library quotes parts of the URL, maybe of the password.
        raise SettingsError(f"{SETTING} is not a database URL", hint=FORMS) from None
    if url.drivername not in POSTGRESQL_SCHEMES:
        raise SettingsError(f"{SETTING} names another kind of database", hint=FORMS)
    if is_ambiguous(text):
        raise SettingsError(f"the password in {SETTING} holds @", hint="write %40 for @")
    if "=" in (url.database or ""):
        raise SettingsError(  # libpq would read it as a list of parameters, with a password
            f"the name of the database in {SETTING} holds =", hint="write parameters behind a ?"
        )
    return Address(url=url.set(drivername="postgresql+psycopg"))


def _sqlite_address(text: str) -> Address:
    """Not by SQLAlchemy's parser, which decodes escapes in paths from version 2.1 on only."""
    path = text.removeprefix(SQLITE_PREFIX)
    if path == text or "?" in path or "\0" in path:
        raise SettingsError(f"{SETTING} holds more or less than the path of a SQLite file", hint=FORMS)
    if path in {"", ":memory:"}:
        raise SettingsError(f"{SETTING} names no file, so nothing would be kept", hint=FORMS)
    return Address(url=URL.create("sqlite+pysqlite", database=path))


WRITES = "logocache_writes"
"""Execution option of connections whose transactions write."""
UNHURRIED = "logocache_unhurried"
"""Execution option of connections without a time limit for statements, such as for migrations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    size: int
    """Idle connections, at most."""
    overflow: int
    """Additional connections under load."""
    statement_seconds: float
    """Limit for one statement, in addition to a writer's wait for the lock."""
    connect_seconds: int
    """Limit for a new connection to a server."""


GENERAL = Pool(size=5, overflow=10, statement_seconds=20.0, connect_seconds=5)
"""Large enough that waiting writers leave a connection to the lock's holder."""
LOOKUPS = Pool(size=4, overflow=2, statement_seconds=3.0, connect_seconds=3)
"""Separate connections for single rows, so that long transactions cannot use them all."""

OLDEST_SQLITE = (3, 35, 0)
"""March 2021: UPDATE … RETURNING. Generated columns came with 3.31."""


def make_engine(address: Address, *, lock_wait: float, pool: Pool = GENERAL) -> Engine:
    """Create an engine, not connected yet. Waits up to `lock_wait` seconds for locks."""
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
    """Check the file before connecting. Returns None to let SQLAlchemy connect."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # SQLite's own error for a folder is clear
        raise DatabaseError(
            f"the SQLite database {path} is not a regular file", hint=f"give {SETTING} another path"
        )
    refuse_network_file_system(path)
    return sealed_connection(path, parameters)


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Control transactions ourselves, and turn on WAL for concurrent readers.

    synchronous=FULL: a returned commit survives a power failure. NORMAL, usual with WAL, may lose the
    last commits, and then a row could name a file deleted since.
    """
    connection.isolation_level = None  # else Python begins transactions, but not for SELECT or DDL
    if isinstance(connection, SealedConnection):
        return
    cursor = connection.cursor()
    try:
        _switch_to_wal(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()  # else the pool would leave it open
        raise
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    """Turn on write-ahead logging, which persists in the file.

    The switch itself does not wait for other connections: wait for them by taking their lock, then try
    again.
    """
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            cursor.execute("BEGIN EXCLUSIVE")  # raises after the lock timeout
            cursor.execute("ROLLBACK")
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


RUN_INIT = "run `logocache init`, which brings it up to date"
ELSEWHERE = f"give {SETTING} another place, or repair this one"

SQLITE_HINTS = {
    "SQLITE_CANTOPEN": "run `logocache init`, or check the directory and its permissions",
    "SQLITE_READONLY": "check the permissions of the file and its directory",
    "SQLITE_PERM": "check the permissions of the file and its directory",
    "SQLITE_NOTADB": "move the file away, or name another",
    "SQLITE_CORRUPT": "restore it from a backup, or move it away and run `logocache init`",
    "SQLITE_FULL": "make room on the disk, then run the command again",
    "SQLITE_BUSY": "another process holds it; run the command again later",
    "SQLITE_LOCKED": "another process holds it; run the command again later",
    "SQLITE_IOERR": "check the disk that holds it",
}
"""Hints by the first two words of SQLite's extended result names."""

POSTGRESQL_HINTS = {
    "08": f"check that the server runs, and {SETTING}",
    "28": f"check user and password in {SETTING}",
    "3D": f"create the database, or check its name in {SETTING}",
    "42501": "grant the user rights on the schema and its tables",
    "25006": "name a server that takes writes",
    "40": "run the command again",
    "53": "make room on the server, or raise its limits",
    "55P03": "another process holds it; run the command again later",
    "57014": "the server is too busy, or another process holds what is wanted; run the command again later",
    "57": "the server is going down or up; run the command again",
}
"""Hints by SQLSTATE, or its class (PostgreSQL documentation, appendix A)."""

UNDEFINED = frozenset({"42P01", "42703"})
"""SQLSTATE of a missing table or column."""


@contextmanager
def translated(address: Address, foreign: tuple[type[Exception], ...]) -> Iterator[None]:
    """Raise `foreign` errors in the block as `DatabaseError` or `SchemaError`.

    A value refused by our column types or the database is the caller's mistake: a ValueError.
    """
    try:
        yield
    except (DataError, IntegrityError) as error:
        raise ValueError(address.masked(_first_line(error.orig or error))) from error
    except foreign as error:
        if isinstance(error, StatementError) and isinstance(error.orig, ValueError):
            raise error.orig from error
        raise explain(error, address) from error


def explain(error: Exception, address: Address) -> DatabaseError | SchemaError:
    """Return our error, with one line for people and without secrets."""
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    reason = address.masked(_first_line(cause))
    if _is_undefined(cause, address):
        return SchemaError(f"the database {address} has another schema ({reason})", hint=RUN_INIT)
    hint = _sqlite_hint(cause) if address.is_sqlite else _postgresql_hint(cause)
    return DatabaseError(f"the database {address} cannot be used ({reason})", hint=hint)


def _is_undefined(cause: BaseException, address: Address) -> bool:
    if address.is_sqlite:
        return re.match(r"no such (table|column)", str(cause)) is not None
    return getattr(cause, "sqlstate", None) in UNDEFINED


def _sqlite_hint(cause: BaseException) -> str:
    name: str = getattr(cause, "sqlite_errorname", "")
    return SQLITE_HINTS.get("_".join(name.split("_")[:2]), ELSEWHERE)


def _postgresql_hint(cause: BaseException) -> str:
    """Errors without a SQLSTATE are failed or lost connections."""
    state: str = getattr(cause, "sqlstate", None) or "08"
    return POSTGRESQL_HINTS.get(state) or POSTGRESQL_HINTS.get(state[:2]) or ELSEWHERE


def _first_line(cause: BaseException) -> str:
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(cause).__name__
