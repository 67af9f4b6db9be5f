"""A SQLite file that is deleted or replaced under a running process."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.entries import known
from logocache.errors import DatabaseError
from logocache.repository import Repository, open_repository


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "facts.db"


@pytest.fixture
def repository(path: Path) -> Repository:
    repository = open_repository(f"sqlite:///{path}")
    repository.migrate()
    known(repository, "shopify")
    return repository


def remove(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


WORK: list[Callable[[Repository], object]] = [
    lambda repository: known(repository, "slack"),
    lambda repository: repository.get("shopify"),
    lambda repository: repository.generation(),
]


@pytest.mark.parametrize("work", WORK, ids=["write", "read", "look-up"])
def test_nothing_goes_on_with_a_file_that_was_deleted(
    repository: Repository, path: Path, work: Callable[[Repository], object]
) -> None:
    remove(path)
    for _ in range(2):
        with pytest.raises(DatabaseError, match=r"was deleted while it was in use.*logocache init"):
            work(repository)
    assert not path.exists(), "and none is made by the way"
    repository.close()


def test_a_new_one_is_made_when_asked_for(repository: Repository, path: Path) -> None:
    remove(path)
    assert repository.migrate()
    assert repository.get("shopify") is None
    known(repository, "slack")
    assert repository.get("slack") is not None
    repository.close()


def test_another_file_is_used_as_soon_as_it_is_there(
    repository: Repository, path: Path, tmp_path: Path
) -> None:
    """The generation moves on, though both files may have the same number."""
    other = open_repository(f"sqlite:///{tmp_path / 'other.db'}")
    other.migrate()
    known(other, "stripe")
    assert other.generation() == (before := repository.generation())
    other.close()
    remove(path)
    shutil.move(tmp_path / "other.db", path)
    assert repository.get("stripe") is not None
    assert repository.get("shopify") is None
    assert repository.generation() > before
    known(repository, "slack")
    repository.close()
    again = open_repository(f"sqlite:///{path}")
    assert again.get("slack") is not None, "it was written to the file that is there"
    again.close()
