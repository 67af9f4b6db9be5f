"""Faults of SQLite, brought about for real."""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import event, text

from harness.entries import known
from logocache.errors import DatabaseError, SchemaError
from logocache.repository import Repository, sqlite
from logocache.repository.engine import _switch_to_wal, make_engine, parse_address

Open = Callable[..., Repository]


def failure_of(repository: Repository) -> DatabaseError:
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


def database_of(repository: Repository, on_connect: Callable[[sqlite3.Connection], object]) -> None:
    """Do something to each connection that the repository opens."""
    event.listen(repository._database._engine, "connect", lambda connection, _: on_connect(connection))


def test_a_database_that_another_process_holds(migrated_sqlite: Path, open_url: Open) -> None:
    repository = open_url(f"sqlite:///{migrated_sqlite}", lock_wait=0.05)
    with closing(sqlite3.connect(migrated_sqlite, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = failure_of(repository)
        assert "locked" in error.problem
        assert "another process holds it" in error.hint
        assert repository.get("shopify") is None  # reading goes on
        other.execute("ROLLBACK")
    known(repository, "shopify")


def test_switching_to_wal_waits_for_readers_that_are_in_the_way(tmp_path: Path, open_url: Open) -> None:
    """In the old mode a reader blocks the switch; it is no reason to spin, or to fail at once."""
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("CREATE TABLE t (a)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        repository = open_url(f"sqlite:///{path}", lock_wait=0.05)
        assert "locked" in failure_of(repository).problem
        reader.execute("COMMIT")
    with pytest.raises(SchemaError):
        repository.check_schema()


class BusyCursor(sqlite3.Cursor):
    """Another connection is in the way of its first statement."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.statements: list[str] = []

    def execute(self, statement: str, *_: object) -> Self:
        self.statements.append(statement)
        if len(self.statements) == 1:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY"
            raise error
        super().execute(statement)
        return self


def test_switching_to_wal_goes_on_when_the_others_are_done(migrated_sqlite: Path) -> None:
    with closing(sqlite3.connect(migrated_sqlite, isolation_level=None)) as connection:
        cursor = BusyCursor(connection)
        _switch_to_wal(cursor)
    switch = "PRAGMA journal_mode = WAL"
    assert cursor.statements == [switch, "BEGIN EXCLUSIVE", "ROLLBACK", switch]


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
    monkeypatch.setattr(sqlite, "MOUNTS", table)
    (tmp_path / "share").mkdir()
    error = failure_of(open_url(f"sqlite:///{tmp_path}/share/x.db"))
    assert "lies on a network file system (nfs4)" in error.problem
    assert "use PostgreSQL" in error.hint
    assert list((tmp_path / "share").iterdir()) == []
