"""Whatever goes wrong with a database is one clear line that says what to do, and no secret."""

import os
import re
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg.errors
import pytest
import sqlalchemy.exc
from sqlalchemy import event, text

from databases import PostgresServer
from logocache.errors import DatabaseError, SchemaError
from logocache.repository import mounts
from logocache.repository.address import parse_address
from logocache.repository.database import Database
from logocache.repository.engine import make_engine
from logocache.repository.failures import explain
from logocache.repository.repository import SqlRepository
from makers import NOW, make_cached
from repository.entries import OWNER, claim, due_keys, fetch_of, known

Open = Callable[..., SqlRepository]

SECRET = "s3cr3t-w0rd"  # the secret of these tests
SQLITE = parse_address("sqlite:////srv/logos.db")
POSTGRESQL = parse_address(f"postgresql://logos:{SECRET}@db.test:5433/logos?sslpassword=k3y")


def test_every_error_of_sqlalchemy_is_caught_at_the_door(tmp_path: Path) -> None:
    """Ask the library for its errors, lest one be added that is no child of the one we catch."""
    database = Database(parse_address(f"sqlite:///{tmp_path / 'x.db'}"), lock_wait=1)
    errors = [
        each
        for each in vars(sqlalchemy.exc).values()
        if isinstance(each, type) and issubclass(each, Exception) and not issubclass(each, Warning)
        if each.__module__.startswith("sqlalchemy")
    ]
    assert len(errors) > 40
    missed = {each.__name__ for each in errors if not issubclass(each, database._foreign)}
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
        pytest.param(state("22021"), "another place, or mend this one", id="something else"),
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


# SQLite: every mishap for real.


def failure_of(repository: SqlRepository) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        known(repository, "shopify")
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_missing_directory(tmp_path: Path, open_url: Open) -> None:
    error = failure_of(open_url(f"sqlite:///{tmp_path}/missing/x.db"))
    assert (
        error.problem == f"the database {tmp_path}/missing/x.db cannot be used (unable to open database file)"
    )
    assert error.hint == "run `logocache init`, or check the directory and its permissions"
    assert not (tmp_path / "missing").exists()


def test_a_directory_in_its_place(tmp_path: Path, open_url: Open) -> None:
    assert "unable to open" in failure_of(open_url(f"sqlite:///{tmp_path}")).problem


def test_a_file_that_is_no_database(tmp_path: Path, open_url: Open) -> None:
    path = tmp_path / "x.db"
    path.write_text("holiday pictures, " * 100)
    error = failure_of(open_url(f"sqlite:///{path}"))
    assert "file is not a database" in error.problem
    assert error.hint == "move the file away, or name another"


def test_a_damaged_database(migrated_sqlite: Path, open_url: Open) -> None:
    content = bytearray(migrated_sqlite.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    migrated_sqlite.write_bytes(content)
    error = failure_of(open_url(f"sqlite:///{migrated_sqlite}"))
    assert "malformed" in error.problem
    assert "restore it from a backup" in error.hint


@pytest.fixture
def migrated_sqlite(tmp_path: Path, open_url: Open) -> Path:
    path = tmp_path / "logocache.db"
    repository = open_url(f"sqlite:///{path}")
    repository.migrate()
    repository.close()
    return path


def test_a_file_that_may_only_be_read(migrated_sqlite: Path, open_url: Open) -> None:
    repository = open_url(f"sqlite:///{migrated_sqlite}")
    if os.geteuid() == 0:  # root may write to any file; only SQLite itself can refuse then
        database_of(repository, lambda connection: connection.execute("PRAGMA query_only = ON"))
    else:
        migrated_sqlite.chmod(stat.S_IRUSR)
    error = failure_of(repository)
    assert "readonly" in error.problem
    assert error.hint == "check the permissions of the file and its directory"


def test_a_full_disk(migrated_sqlite: Path, open_url: Open) -> None:
    repository = open_url(f"sqlite:///{migrated_sqlite}")
    database_of(repository, lambda connection: connection.execute("PRAGMA max_page_count = 1"))
    with pytest.raises(DatabaseError, match="full") as caught:
        known(repository, *(f"key-{number}" for number in range(2000)))
    assert "make room on the disk" in caught.value.hint
    assert repository.get("key-1") is None


def database_of(repository: SqlRepository, on_connect: Callable[[sqlite3.Connection], object]) -> None:
    """Do something to each connection that the repository opens."""
    event.listen(repository._database._engine, "connect", lambda connection, _: on_connect(connection))


def test_a_database_that_another_process_holds(migrated_sqlite: Path, open_url: Open) -> None:
    repository = open_url(f"sqlite:///{migrated_sqlite}", lock_wait=0.05)
    other = sqlite3.connect(migrated_sqlite, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    error = failure_of(repository)
    assert "locked" in error.problem
    assert "another process holds it" in error.hint
    assert repository.get("shopify") is None  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    known(repository, "shopify")


def test_switching_to_wal_waits_for_readers_that_are_in_the_way(tmp_path: Path, open_url: Open) -> None:
    """In the old mode a reader blocks the switch; it is no reason to spin, or to fail at once."""
    path = tmp_path / "x.db"
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("CREATE TABLE t (a)")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM t").fetchall()
    repository = open_url(f"sqlite:///{path}", lock_wait=0.05)
    assert "locked" in failure_of(repository).problem
    reader.execute("COMMIT")
    reader.close()
    with pytest.raises(SchemaError):
        repository.check_schema()


def test_commits_survive_a_power_failure_and_readers_do_not_block(migrated_sqlite: Path) -> None:
    sqlite_engine = make_engine(parse_address(f"sqlite:///{migrated_sqlite}"), lock_wait=1)
    with sqlite_engine.begin() as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert found == [2, "wal", 1, 1000]  # 2 is FULL
    sqlite_engine.dispose()


def test_an_old_sqlite_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, open_url: Open) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(DatabaseError, match="too old"):
        open_url(f"sqlite:///{tmp_path}/x.db")


def test_a_network_file_system_is_refused_before_anything_is_written(
    tmp_path: Path, open_url: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"/dev/sda1 / ext4 rw 0 0\nnas:/logos {tmp_path}/share nfs4 rw 0 0\n")
    monkeypatch.setattr(mounts, "MOUNTS", table)
    (tmp_path / "share").mkdir()
    error = failure_of(open_url(f"sqlite:///{tmp_path}/share/x.db"))
    assert "lies on a network file system (nfs4)" in error.problem
    assert "use PostgreSQL" in error.hint
    assert list((tmp_path / "share").iterdir()) == []


# PostgreSQL: likewise.


@pytest.fixture
def own_database(postgres: PostgresServer, open_url: Open) -> SqlRepository:
    """A migrated repository whose connections all belong to it."""
    postgres.empty("logocache_empty")
    repository = open_url(postgres.url("logocache_empty"), lock_wait=0.2)
    repository.migrate()
    return repository


def test_after_a_restart_of_the_server_the_next_call_works(
    postgres: PostgresServer, own_database: SqlRepository
) -> None:
    known(own_database, "shopify")
    postgres.disconnect_all("logocache_empty")
    assert due_keys(own_database) == ["shopify"]


def test_a_connection_that_breaks_midway_is_an_error_and_changes_nothing(
    postgres: PostgresServer, own_database: SqlRepository
) -> None:
    known(own_database, "shopify")
    claim(own_database, ["shopify"])

    def break_off() -> None:
        with own_database.unit() as unit:
            postgres.disconnect_all("logocache_empty")
            unit.save([fetch_of(make_cached())])

    with pytest.raises(DatabaseError, match="terminating connection"):
        break_off()
    with own_database.unit() as unit:
        assert list(unit.owned(["shopify"], OWNER)) == ["shopify"]
        unit.save([fetch_of(make_cached())])
    assert own_database.count_leased(now=NOW) == 0


def test_a_writer_that_waits_too_long_gives_up(own_database: SqlRepository) -> None:
    with own_database.unit(), pytest.raises(DatabaseError, match="lock timeout") as caught:
        claim(own_database, ["shopify"])
    assert "another process holds it" in caught.value.hint


def test_a_database_that_does_not_exist(postgres: PostgresServer, open_url: Open) -> None:
    with pytest.raises(DatabaseError, match='database "nowhere" does not exist'):
        open_url(postgres.url("nowhere")).ping()


def test_a_user_without_rights(postgres: PostgresServer, own_database: SqlRepository, open_url: Open) -> None:
    postgres.execute("DROP ROLE IF EXISTS reader")
    postgres.execute("CREATE ROLE reader LOGIN")
    url = postgres.url("logocache_empty").replace("postgres@", f"reader:{SECRET}@")
    repository = open_url(url)
    with pytest.raises(DatabaseError, match="permission denied for") as caught:
        repository.get("shopify")
    assert "grant the user rights" in caught.value.hint


def test_a_server_that_is_not_there(tmp_path: Path, open_url: Open) -> None:
    repository = open_url(f"postgresql://logos:{SECRET}@/logos?host={tmp_path}")
    with pytest.raises(DatabaseError, match=re.escape(f"logos at {tmp_path} cannot be used")) as caught:
        repository.ping()
    assert caught.value.hint == "check that the server runs, and LOGO_CACHE_DATABASE_URL"
    assert SECRET not in f"{caught.value}{repository!r}"


def test_what_the_url_says_about_the_connection_comes_first(postgres: PostgresServer) -> None:
    url = postgres.url("postgres") + "&application_name=mine"
    database = Database(parse_address(url), lock_wait=1)
    with database.read() as connection:
        name, timeout = connection.execute(
            text("SELECT current_setting('application_name'), current_setting('lock_timeout')")
        ).one()
    with database.write() as connection:
        waits = connection.execute(text("SELECT current_setting('lock_timeout')")).scalar_one()
    assert (name, timeout, waits) == ("mine", "0", "1s")
    database.close()
