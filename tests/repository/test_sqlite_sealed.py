"""Databases that may be read and not written: read-only mounts, and directories of other users."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.factories import NOW, make_integration
from logocache.bootstrap import open_cache
from logocache.errors import DatabaseError, DirectoryError
from logocache.model import Integration
from logocache.queries import ClearSelection, ListQuery
from logocache.repository import Repository
from logocache.settings import Settings

Open = Callable[..., Repository]

NOBODY = 65534


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other users can get to: all above `tmp_path` is closed to them."""
    with tempfile.TemporaryDirectory(prefix="logocache-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def database(reachable: Path, sqlite_template: Path) -> Path:
    return Path(shutil.copy(sqlite_template, reachable / "logo cache #1.db"))


@contextmanager
def read_only(top: Path) -> Iterator[None]:
    """Nothing below `top` can be written while it lasts, by root neither: it becomes somebody else."""
    paths = [top, *top.rglob("*")]
    modes = [path.stat().st_mode for path in paths]
    for path in reversed(paths):
        path.chmod(0o555 if path.is_dir() else 0o444)
    is_root = os.geteuid() == 0
    if is_root:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        if is_root:
            os.setresuid(0, 0, 0)
        for path, mode in zip(paths, modes, strict=True):
            if path.exists():
                path.chmod(mode)


def save(open_url: Open, database: Path, key: str) -> None:
    repository = open_url(f"sqlite:///{database}")
    integration: Integration = make_integration(key)
    repository.register([integration], now=NOW)
    repository.close()


def test_a_database_that_was_closed_cleanly_is_read_and_nothing_is_made_beside_it(
    database: Path, open_url: Open
) -> None:
    save(open_url, database, "acme")
    with read_only(database.parent):
        repository = open_url(f"sqlite:///{database}")
        repository.check_schema()
        assert repository.get("acme") is not None
        with pytest.raises(DatabaseError, match="readonly"):
            repository.register([make_integration("other")], now=NOW)
        repository.close()
        assert [path.name for path in database.parent.iterdir()] == [database.name]


def left_behind(database: Path, *endings: str) -> None:
    """The files of a process that was killed: its last commit is in the log only."""
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE killed (x)")
        connection.commit()
        for ending in endings:
            shutil.copy(f"{database}{ending}", f"{database}{ending}.kept")
    connection.close()
    for ending in endings:
        Path(f"{database}{ending}.kept").rename(f"{database}{ending}")


def test_one_that_was_not_closed_says_what_to_do(database: Path, open_url: Open) -> None:
    left_behind(database, "", "-wal")
    with read_only(database.parent):
        repository = open_url(f"sqlite:///{database}")
        with pytest.raises(DatabaseError, match="not closed cleanly") as caught:
            repository.check_schema()
        repository.close()
    assert "where it can be written" in caught.value.hint
    assert "\n" not in str(caught.value)


def test_one_whose_index_is_there_too_is_read_with_its_log(database: Path, open_url: Open) -> None:
    left_behind(database, "", "-wal", "-shm")
    with read_only(database.parent):
        repository = open_url(f"sqlite:///{database}")
        assert repository.get("acme") is None
        repository.close()


def test_what_was_written_meanwhile_is_seen(database: Path, open_url: Open) -> None:
    """SQLite was told that the file does not change, and would serve old pages for ever."""
    with read_only(database.parent):
        repository = open_url(f"sqlite:///{database}")
        assert repository.get("acme") is None
    save(open_url, database, "acme")
    with read_only(database.parent):
        assert repository.get("acme") is not None
        repository.close()


def test_a_database_that_can_be_written_is_opened_as_ever(database: Path, open_url: Open) -> None:
    save(open_url, database, "acme")
    repository = open_url(f"sqlite:///{database}")
    assert repository.get("acme") is not None
    assert Path(f"{database}-shm").exists()


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_no_database(tmp_path: Path, kind: str, open_url: Open) -> None:
    path = tmp_path / "x.db"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(DatabaseError, match="not a regular file"):
        open_url(f"sqlite:///{path}").check_schema()


def test_a_cache_on_a_read_only_volume_can_be_looked_at(reachable: Path) -> None:
    settings = Settings(dir=reachable / "logos", offline=True)
    with open_cache(settings) as cache:
        cache.init(["stripe"])
    with read_only(reachable), open_cache(settings) as cache:
        logo = cache.get("stripe")
        assert logo is not None
        assert logo.read_bytes().startswith(b"\x89PNG")
        assert cache.list(ListQuery(keys=("stripe",))).matching == 1
        assert cache.stats().files == 1
        assert cache.readiness().status.value == "degraded"
        with pytest.raises(DirectoryError, match="cannot be written"):
            cache.init()
        with pytest.raises(DatabaseError, match="readonly"):
            cache.clear(cache.plan_clear(ClearSelection(keys=("stripe",))))
