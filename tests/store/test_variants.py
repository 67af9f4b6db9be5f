"""Variants on disk: whole or not there, bounded, and never worth an error."""

import os
import resource
import stat
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import pytest

from harness.copying import EACH, MOST, SHARED_ROOM, keep_many
from logocache.errors import DirectoryError
from logocache.queries import ImageFormat, Variant
from logocache.store import variants as box
from logocache.store.folders import locked, opened
from logocache.store.variants import LARGEST_VARIANT, FileVariants, _found

SMALL, LARGE = Variant(size=32, format=ImageFormat.WEBP), Variant(size=256)
DIGEST_SIZE = 32
LONG = f"{'a' * 242}_12345678.png"
ROOM = 10**6
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "variants"


@pytest.fixture
def copies(folder: Path) -> FileVariants:
    return FileVariants(folder, max_count=100)


def file(key: str) -> str:
    return f"{key}_12345678.png"


def keep(copies: FileVariants, key: str, *, size: int = 10, age: int = 0, variant: Variant = SMALL) -> None:
    """A copy of `size` bytes on disk, last changed `age` seconds before the epoch's 10,000th."""
    assert copies.write(
        file(key), variant, b"x" * (size - DIGEST_SIZE if size > DIGEST_SIZE else 1), room=ROOM
    )
    (path,) = copies._folder.glob(f"{key}_12345678.{variant.label}.copy")
    os.utime(path, (10_000 - age, 10_000 - age))


def kept(folder: Path) -> list[str]:
    """Of which keys there are copies."""
    return sorted(path.name.split("_")[0] for path in folder.glob("*.copy"))


def test_it_satisfies_the_port(copies: FileVariants) -> None:
    port: FileVariants = copies
    assert port is copies


def test_what_is_kept_is_read(copies: FileVariants) -> None:
    assert copies.write(file("shopify"), SMALL, b"small", room=ROOM)
    assert copies.write(file("shopify"), LARGE, b"large", room=ROOM)
    assert copies.read(file("shopify"), SMALL) == b"small"
    assert copies.read(file("shopify"), LARGE) == b"large"
    assert copies.read(file("slack"), SMALL) is None
    assert copies.count() == 2
    assert copies.size_bytes() == 2 * (5 + DIGEST_SIZE)


def test_the_latest_is_read_and_counted_once(copies: FileVariants) -> None:
    for body in (b"first", b"the second"):
        assert copies.write(file("shopify"), SMALL, body, room=len(body) + DIGEST_SIZE)
    assert copies.read(file("shopify"), SMALL) == b"the second"
    assert copies.count() == 1


def test_a_copy_of_a_file_with_the_longest_name_is_kept(copies: FileVariants) -> None:
    variant = Variant(format=ImageFormat.WEBP, greyscale=True)
    assert copies.write(LONG, variant, b"body", room=ROOM)
    assert copies.read(LONG, variant) == b"body"
    copies.forget([LONG])
    assert copies.count() == 0


def test_looking_makes_no_folder(copies: FileVariants, folder: Path) -> None:
    assert copies.read(file("shopify"), SMALL) is None
    assert (copies.count(), copies.size_bytes()) == (0, 0)
    copies.forget([file("shopify")])
    copies.shrink(0)
    assert not folder.exists()


def test_folder_and_files_are_private_whatever_the_umask(copies: FileVariants, folder: Path) -> None:
    before = os.umask(0)
    try:
        keep(copies, "shopify")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_missing_cache_directory_is_not_made(tmp_path: Path) -> None:
    """A volume may be missing: the disk below it is the wrong place."""
    copies = FileVariants(tmp_path / "missing" / "variants", max_count=9)
    assert not copies.write(file("shopify"), SMALL, b"body", room=ROOM)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../shopify_12345678.png", "notes.txt", "", "a/b_12345678.png"])
def test_no_name_leads_outside(copies: FileVariants, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        copies.read(name, SMALL)
    with pytest.raises(ValueError, match="is not the name"):
        copies.write(name, SMALL, b"body", room=ROOM)
    copies.forget([name])
    assert list(tmp_path.iterdir()) == []


# Bounds.


def test_the_oldest_make_room(copies: FileVariants, folder: Path) -> None:
    for key, age in {"old": 30, "older": 40, "young": 10}.items():
        keep(copies, key, size=100, age=age)
    assert copies.write(file("new"), SMALL, b"x" * (100 - DIGEST_SIZE), room=250)
    assert kept(folder) == ["new", "young"]


def test_what_is_larger_than_its_room_costs_no_other(copies: FileVariants, folder: Path) -> None:
    keep(copies, "old", size=100)
    assert not copies.write(file("new"), SMALL, b"x" * 69, room=100)
    assert copies.write(file("slack"), SMALL, b"x" * 68, room=100), "the digest counts"
    assert kept(folder) == ["slack"]


@pytest.mark.parametrize("room", [0, -1])
def test_without_room_nothing_is_kept(copies: FileVariants, folder: Path, room: int) -> None:
    assert not copies.write(file("new"), SMALL, b"", room=room)
    assert not folder.exists()


def test_no_copy_is_larger_than_any_image_of_ours(copies: FileVariants) -> None:
    assert not copies.write(file("new"), SMALL, bytes(LARGEST_VARIANT), room=10**9)


def test_there_are_never_more_than_allowed(folder: Path) -> None:
    copies = FileVariants(folder, max_count=2)
    for number, key in enumerate(("a", "b", "c")):
        keep(copies, key, age=100 - number)
    assert kept(folder) == ["b", "c"]
    assert copies.write(file("b"), SMALL, b"again", room=ROOM)
    assert kept(folder) == ["b", "c"], "a copy that is there takes no second place"


def test_none_are_kept_when_none_are_wanted(copies: FileVariants, folder: Path) -> None:
    keep(copies, "shopify")
    none = FileVariants(folder, max_count=0)
    assert not none.write(file("slack"), SMALL, b"body", room=ROOM)
    none.shrink(ROOM)
    assert none.count() == 0


@pytest.mark.parametrize(
    ("room", "left"),
    [
        (300, ["middle", "old", "young"]),
        (299, ["middle", "young"]),
        (200, ["middle", "young"]),
        (100, ["young"]),
        (99, []),
        (0, []),
        (-5, []),
    ],
)
def test_shrinking_takes_the_oldest_and_no_more(
    copies: FileVariants, folder: Path, room: int, left: list[str]
) -> None:
    for key, age in {"young": 1, "old": 3, "middle": 2}.items():
        keep(copies, key, size=100, age=age)
    copies.shrink(room)
    assert kept(folder) == left


def test_forgetting_takes_all_copies_of_these_files(copies: FileVariants, folder: Path) -> None:
    for key in ("shopify", "shopify.test", "slack"):
        keep(copies, key)
        keep(copies, key, variant=LARGE)
    copies.forget([file("shopify"), file("nobody"), "a stranger.txt"])
    assert kept(folder) == ["shopify.test"] * 2 + ["slack"] * 2
    copies.forget([])
    assert copies.count() == 4


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
        (entry,) = (each for each in entries if each.name.endswith(".copy"))
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
        while not all(each.done() for each in work):
            seen.append((copies.count(), copies.size_bytes()))
    assert sum(each.result() for each in work) > 10
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
        while not all(each.done() for each in work):
            assert copies.read(file("shopify"), SMALL) in bodies | {None}
    assert copies.read(file("shopify"), SMALL) in bodies
