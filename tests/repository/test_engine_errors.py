"""Whatever goes wrong with a database is one clear line that says what to do, and no secret."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg.errors
import pytest
import sqlalchemy.exc

from logocache.errors import DatabaseError, SchemaError
from logocache.repository import Repository
from logocache.repository.database import Database
from logocache.repository.engine import explain, parse_address

Open = Callable[..., Repository]

SECRET = "s3cr3t-w0rd"  # the secret of these tests
SQLITE = parse_address("sqlite:////srv/logos.db")
POSTGRESQL = parse_address(f"postgresql://logos:{SECRET}@db.test:5433/logos?sslpassword=k3y")


def test_every_error_of_sqlalchemy_is_caught_at_the_door(tmp_path: Path) -> None:
    """Ask the library for its errors, lest one be added that is no child of the one we catch."""
    database = Database(parse_address(f"sqlite:///{tmp_path / 'x.db'}"), lock_wait=1)
    errors = [
        var
        for var in vars(sqlalchemy.exc).values()
        if isinstance(var, type) and issubclass(var, Exception) and not issubclass(var, Warning)
        if var.__module__.startswith("sqlalchemy")
    ]
    assert len(errors) > 40
    missed = {error.__name__ for error in errors if not issubclass(error, database._foreign)}
    assert missed <= {"EmulatedDBAPIException"}  # of asyncio drivers, which we do not use
    database.close()


@pytest.mark.parametrize(
    "error",
    [sqlite3.OperationalError, sqlite3.DatabaseError, sqlite3.InterfaceError],
    ids=lambda e: e.__name__,
)
def test_errors_of_the_driver_itself_are_translated_too(tmp_path: Path, error: type[sqlite3.Error]) -> None:
    database = Database(parse_address(f"sqlite:///{tmp_path / 'x.db'}"), lock_wait=1)
    with pytest.raises(DatabaseError, match="odd") as caught, database.read():
        raise error("odd")
    assert isinstance(caught.value.__cause__, error)
    database.close()


def wrapped(cause: Exception) -> sqlalchemy.exc.DBAPIError:
    return sqlalchemy.exc.OperationalError("SELECT 1", {"secret": SECRET}, cause)


def state(code: str, message: str = "odd") -> psycopg.Error:
    return psycopg.errors.lookup(code)(message)


@pytest.mark.parametrize(
    ("cause", "hint"),
    [
        pytest.param(state("28P01"), "check user and password in LOGO_CACHE_DATABASE_URL", id="password"),
        pytest.param(state("3D000"), "create the database, or check its name", id="no such database"),
        pytest.param(state("42501"), "grant the user rights on the schema", id="no rights"),
        pytest.param(state("25006"), "name a server that takes writes", id="a standby"),
        pytest.param(state("40P01"), "run the command again", id="deadlock"),
        pytest.param(state("53100"), "make room on the server", id="disk full"),
        pytest.param(state("55P03"), "another process holds it", id="locked"),
        pytest.param(state("57P01"), "the server is going down or up", id="shutdown"),
        pytest.param(state("08006"), "check that the server runs", id="connection"),
        pytest.param(state("22021"), "another place, or repair this one", id="something else"),
        pytest.param(psycopg.OperationalError("no route"), "check that the server runs", id="not connected"),
    ],
)
def test_what_postgresql_says_leads_to_a_hint(cause: psycopg.Error, hint: str) -> None:
    error = explain(wrapped(cause), POSTGRESQL)
    assert isinstance(error, DatabaseError)
    assert hint in error.hint


@pytest.mark.parametrize("code", ["42P01", "42703"])
def test_a_missing_table_or_column_is_a_matter_of_the_schema(code: str) -> None:
    assert isinstance(explain(wrapped(state(code)), POSTGRESQL), SchemaError)


def test_a_message_is_one_line_without_secrets() -> None:
    cause = psycopg.OperationalError(f"\nfailed for logos:{SECRET}@db\nwith key k3y\n\n")
    message = str(explain(wrapped(cause), POSTGRESQL))
    assert message.startswith("the database logos at db.test:5433 cannot be used (failed for logos:***@db):")
    assert "\n" not in message
    assert SECRET not in message


def test_an_error_without_words_is_named() -> None:
    assert "(InterfaceError)" in str(explain(sqlite3.InterfaceError(), SQLITE))


def test_a_full_pool_is_a_database_error() -> None:
    assert isinstance(explain(sqlalchemy.exc.TimeoutError("pool"), SQLITE), DatabaseError)
