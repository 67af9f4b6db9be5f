"""Variants that are damaged, planted, raced for or not to be had: none is worth an error."""

import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import pytest

from harness.copying import EACH, MOST, SHARED_ROOM, keep_many
from harness.variants import DIGEST_SIZE, ROOM, SMALL, file, keep
from logocache.errors import DirectoryError
from logocache.store import variants as box
from logocache.store.folders import locked, opened
from logocache.store.variants import LARGEST_VARIANT, FileVariants, _found

NOBODY = 65534


# What the disk does.


def replace_with_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-1]), id="cut off"),
        pytest.param(lambda path: path.write_bytes(bytes(path.stat().st_size)), id="zeros"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: os.truncate(path, LARGEST_VARIANT + 2), id="enormous"),
        pytest.param(replace_with_pipe, id="a pipe"),
    ],
)
def test_a_damaged_copy_is_none_and_goes(
    copies: FileVariants, folder: Path, spoil: Callable[[Path], object]
) -> None:
    keep(copies, "shopify", size=100)
    (path,) = folder.glob("*.copy")
    spoil(path)
    assert copies.read(file("shopify"), SMALL) is None
    assert not path.exists()
    assert copies.write(file("shopify"), SMALL, b"again", room=ROOM)
    assert copies.read(file("shopify"), SMALL) == b"again"


def test_a_copy_under_the_name_of_another_is_none(copies: FileVariants, folder: Path) -> None:
    keep(copies, "shopify")
    (path,) = folder.glob("*.copy")
    path.rename(folder / path.name.replace("shopify", "slack"))
    assert copies.read(file("slack"), SMALL) is None


def test_a_link_is_neither_followed_nor_written_through(
    copies: FileVariants, folder: Path, tmp_path: Path
) -> None:
    keep(copies, "shopify")
    (path,) = folder.glob("*.copy")
    target = tmp_path / "target"
    path.rename(target)
    before = target.read_bytes()
    path.symlink_to(target)
    assert copies.read(file("shopify"), SMALL) is None
    assert copies.write(file("shopify"), SMALL, b"new", room=ROOM)
    assert copies.read(file("shopify"), SMALL) == b"new"
    assert target.read_bytes() == before
    path.unlink()
    path.symlink_to(target)
    copies.shrink(0)
    assert target.exists()


def test_a_folder_in_the_place_of_a_copy_is_left_alone(copies: FileVariants, folder: Path) -> None:
    folder.mkdir()
    (folder / f"shopify_12345678.{SMALL.label}.copy").mkdir()
    assert copies.read(file("shopify"), SMALL) is None
    assert not copies.write(file("shopify"), SMALL, b"body", room=ROOM)
    assert (copies.count(), copies.size_bytes()) == (0, 0)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda copies: copies.shrink(ROOM), id="shrinking"),
        pytest.param(lambda copies: keep(copies, "shopify", size=100), id="keeping"),
    ],
)
def test_what_a_crash_left_counts_until_the_next_writer_removes_it(
    copies: FileVariants, folder: Path, write: Callable[[FileVariants], None]
) -> None:
    keep(copies, "shopify", size=100)
    (folder / ".0123456789abcdef.part").write_bytes(bytes(500))
    assert copies.size_bytes() == 600
    write(copies)
    assert list(folder.glob(".*.part")) == []
    assert copies.size_bytes() == 100


def test_a_disk_that_takes_only_a_part_keeps_nothing_and_leaves_nothing(
    copies: FileVariants, folder: Path
) -> None:
    """A limit on the size of files stands for the full disk: the write breaks off."""
    keep(copies, "slack")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        assert not copies.write(file("shopify"), SMALL, bytes(100_000), room=ROOM)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "slack_12345678.32-webp.copy"]


def test_a_file_where_the_folder_belongs_is_no_error(folder: Path, copies: FileVariants) -> None:
    folder.write_text("in the way")
    assert not copies.write(file("shopify"), SMALL, b"body", room=ROOM)
    assert copies.read(file("shopify"), SMALL) is None
    assert (copies.count(), copies.size_bytes()) == (0, 0)
    copies.shrink(0)
    copies.forget([file("shopify")])
    assert folder.read_text() == "in the way"


@contextmanager
def nobody() -> Iterator[None]:
    """As another user, in this process; the saved user id lets it become root again (setresuid(2))."""
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_may_not_be_written_keeps_what_it_has() -> None:
    with tempfile.TemporaryDirectory(prefix="logocache-") as place:
        folder = Path(place) / "variants"
        copies = FileVariants(folder, max_count=9)
        assert copies.write(file("shopify"), SMALL, b"body", room=ROOM)
        for path in (Path(place), folder, *folder.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        with nobody():
            assert copies.read(file("shopify"), SMALL) == b"body"
            assert not copies.write(file("slack"), SMALL, b"body", room=ROOM)
            copies.shrink(0)
            assert copies.count() == 1
            with pytest.raises(DirectoryError, match="cannot be deleted"):
                copies.forget([file("shopify")])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_may_not_be_looked_at_is_as_good_as_none() -> None:
    with tempfile.TemporaryDirectory(prefix="logocache-") as place:
        Path(place).chmod(0o755)
        copies = FileVariants(Path(place) / "variants", max_count=9)
        assert copies.write(file("shopify"), SMALL, b"body", room=ROOM)
        with nobody():
            assert copies.read(file("shopify"), SMALL) is None
            assert not copies.write(file("shopify"), SMALL, b"body", room=ROOM)
            assert (copies.count(), copies.size_bytes()) == (0, 0)
        assert copies.read(file("shopify"), SMALL) == b"body"


def test_a_file_that_vanishes_while_the_folder_is_listed_is_left_out(
    copies: FileVariants, folder: Path
) -> None:
    keep(copies, "shopify")
    with os.scandir(folder) as entries:
        (entry,) = (item for item in entries if item.name.endswith(".copy"))
    (folder / entry.name).unlink()
    assert _found(entry) is None


# Several at once.


def test_a_lock_that_is_held_is_not_waited_for_without_end(
    copies: FileVariants, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "SHRINK_WAIT", 0.02)
    keep(copies, "slack")
    with opened(folder) as descriptor, locked(".lock", descriptor, seconds=0):
        assert not copies.write(file("shopify"), SMALL, b"body", room=ROOM)
        copies.shrink(0)
        assert copies.read(file("slack"), SMALL) is not None, "reading waits for nobody"
    copies.shrink(0)
    assert copies.count() == 0


def test_bounds_hold_while_processes_and_threads_write(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    copies = FileVariants(folder, max_count=MOST)
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes,
        ThreadPoolExecutor(2) as threads,
    ):
        work = [processes.submit(keep_many, folder, worker) for worker in (1, 2)]
        work += [threads.submit(keep_many, folder, worker) for worker in (3, 4)]
        while not all(task.done() for task in work):
            seen.append((copies.count(), copies.size_bytes()))
    assert sum(task.result() for task in work) > 10
    assert all(count <= MOST + 1 and size <= SHARED_ROOM for count, size in seen), "one more is being written"
    assert copies.count() == SHARED_ROOM // (EACH + DIGEST_SIZE)
    assert any(earlier != later for earlier, later in pairwise(seen)), "it was looked at meanwhile"


def test_readers_see_whole_copies_while_they_are_replaced(copies: FileVariants) -> None:
    bodies = {bytes([number]) * 5_000 for number in range(8)}

    def write(body: bytes) -> None:
        for _ in range(10):
            copies.write(file("shopify"), SMALL, body, room=ROOM)

    with ThreadPoolExecutor(3) as threads:
        work = [threads.submit(write, body) for body in bodies]
        while not all(task.done() for task in work):
            assert copies.read(file("shopify"), SMALL) in bodies | {None}
    assert copies.read(file("shopify"), SMALL) in bodies
