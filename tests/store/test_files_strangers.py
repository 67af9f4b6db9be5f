"""Foreign files in the directory are listed, moved and left as they are."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.factories import make_image
from harness.stores import make_store
from logocache.errors import DirectoryError
from logocache.store.files import FileStore
from logocache.store.folders import found

FOREIGN = "not-ours.txt"


def make_link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


STRANGERS = [
    pytest.param(make_link, id="symbolic link"),
    pytest.param(lambda path: path.symlink_to("nowhere"), id="dangling link"),
    pytest.param(os.mkfifo, id="FIFO"),
]


@pytest.mark.parametrize("make", STRANGERS)
def test_what_is_no_plain_file_is_listed_and_never_read(
    store: FileStore, directory: Path, make: Callable[[Path], None]
) -> None:
    make(directory / FOREIGN)
    assert [found.name for found in store.files()] == [FOREIGN]
    assert store.read(FOREIGN) is None
    assert store.sha256(FOREIGN) is None


def test_a_directory_is_never_read(store: FileStore, directory: Path) -> None:
    (directory / "folder").mkdir()
    assert store.read("folder") is None
    with pytest.raises(DirectoryError, match="cannot be deleted"):
        store.delete("folder")


@pytest.mark.parametrize("make", STRANGERS)
def test_a_stranger_is_moved_as_it_is(
    store: FileStore, directory: Path, make: Callable[[Path], None]
) -> None:
    make(directory / FOREIGN)
    assert store.quarantine(FOREIGN)
    (folder,) = (directory / ".logocache" / "quarantine").iterdir()
    assert [path.name for path in folder.iterdir()] == [FOREIGN]
    assert list(store.files()) == []


def test_deleting_a_link_leaves_its_target(store: FileStore, directory: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (directory / FOREIGN).symlink_to(target)
    assert store.delete(FOREIGN)
    assert target.read_text() == "kept"


def test_committing_over_a_link_replaces_the_link(store: FileStore, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    staged = store.stage("shopify", make_image().png)
    store.path(staged.file.name).symlink_to(target)
    store.commit([staged])
    assert target.read_text() == "kept"
    assert store.read(staged.file.name) == b"png"


def test_quarantine_overwrites_nothing(store: FileStore, directory: Path) -> None:
    for content in ("first", "second"):
        (directory / FOREIGN).write_text(content)
        assert store.quarantine(FOREIGN)
    kept = (directory / ".logocache" / "quarantine").glob(f"*/{FOREIGN}")
    assert {item.read_text() for item in kept} == {"first", "second"}


def test_quarantine_that_fails_leaves_the_file_and_no_folder(directory: Path, tmp_path: Path) -> None:
    """/dev/shm stands for a private folder on another file system."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    private = shm / f"logocache-test-{os.getpid()}"
    store = FileStore(directory, private)
    try:
        store.prepare()
        (directory / FOREIGN).write_text("kept")
        with pytest.raises(DirectoryError, match="one file system"):
            store.quarantine(FOREIGN)
        assert list((private / "quarantine").iterdir()) == []
    finally:
        for folder in (private / "tmp", private / "quarantine", private):
            folder.rmdir()
    assert (directory / FOREIGN).read_text() == "kept"


def test_files_are_listed_by_name_with_size_and_time(store: FileStore, directory: Path) -> None:
    for name, content in {"b.png": b"12", "a.png": b"1", ".hidden": b"", "c": b"123"}.items():
        (directory / name).write_bytes(content)
    (directory / "folder").mkdir()
    os.utime(directory / "a.png", (0, 0))
    found = list(store.files())
    assert [(item.name, item.size) for item in found] == [("a.png", 1), ("b.png", 2), ("c", 3)]
    assert found[0].modified_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_file_that_vanishes_while_the_directory_is_listed_is_left_out(directory: Path) -> None:
    directory.mkdir()
    (directory / "a.png").write_bytes(b"")
    with os.scandir(directory) as entries:
        (entry,) = entries
    (directory / "a.png").unlink()
    assert found(entry) is None


def test_a_missing_directory_cannot_be_listed(directory: Path) -> None:
    store = make_store(directory)
    with pytest.raises(DirectoryError, match="cannot be listed"):
        list(store.files())
    with pytest.raises(DirectoryError, match="cannot be looked at"):
        store.disk_space()
    assert list(store.leftovers(before=datetime.now(UTC))) == []


def test_only_old_temporary_files_are_leftovers(store: FileStore) -> None:
    old, fresh = store.stage("old", make_image().png), store.stage("fresh", make_image().png)
    os.utime(old.path, (0, 0))
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert [leftover.name for leftover in store.leftovers(before=hour_ago)] == [old.path.name]
    assert store.delete_leftover(old.path.name)
    assert not store.delete_leftover(old.path.name)
    assert fresh.path.exists()
