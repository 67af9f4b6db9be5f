"""Translation of SQLAlchemy's and the drivers' errors into ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, IntegrityError, StatementError

from logocache.errors import DatabaseError, SchemaError
from logocache.repository.engine import SETTING, Address

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
