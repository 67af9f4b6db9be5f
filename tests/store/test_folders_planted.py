"""Links and files planted in the place of ours lead nowhere."""

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.factories import make_image
from logocache.errors import DirectoryError
from logocache.images.errors import LARGEST_PNG
from logocache.queries import ImageFormat, Variant
from logocache.store.digests import LARGEST_LOGO
from logocache.store.files import FileStore
from logocache.store.folders import UNREADABLE, is_planted, opened
from logocache.store.variants import FileVariants

IDENTITY = "2b7f7c1e-6a0f-4f57-9f3c-0e6d5f0c1a2b"
SMALL = Variant(size=32, format=ImageFormat.WEBP)
OLD_FILES = ("report.txt", "0123456789abcdef.part", ".0123456789abcdef.part", "a_12345678.32-webp.copy")
LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "logos"


@pytest.fixture
def store(directory: Path) -> FileStore:
    store = FileStore(directory, directory / ".logocache")
    store.prepare()
    return store


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Another program's folder, with old files in it."""
    for folder in ("tmp", "quarantine", "variants"):
        (tmp_path / "elsewhere" / folder).mkdir(parents=True)
        for name in (
            "report.txt",
            "0123456789abcdef.part",
            ".0123456789abcdef.part",
            "a_12345678.32-webp.copy",
        ):
            path = tmp_path / "elsewhere" / folder / name
            path.write_text("somebody's")
            os.utime(path, (0, 0))
    return tmp_path / "elsewhere"


def all_in(folder: Path) -> list[tuple[str, float]]:
    return sorted((str(path), path.lstat().st_mtime) for path in folder.rglob("*"))


PLACES = ["", "tmp", "quarantine"]


@pytest.mark.parametrize("place", PLACES)
def test_a_link_in_the_place_of_a_folder_is_never_followed(
    store: FileStore, directory: Path, elsewhere: Path, place: str
) -> None:
    before = all_in(elsewhere)
    staged = store.stage("slack", make_image(b"staged").png)
    ours = directory / ".logocache" / place
    ours.rename(directory / "moved")
    ours.symlink_to(elsewhere / place)
    (directory / "stranger.txt").write_text("")
    fresh = FileStore(directory, directory / ".logocache")
    works: list[Callable[[], object]] = [fresh.prepare, fresh.require]
    if place in {"", "tmp"}:
        works += [
            lambda: fresh.stage("shopify", make_image().png),
            lambda: fresh.commit([staged]),
            lambda: fresh.discard(staged),
            lambda: list(fresh.leftovers(before=LATER)),
            lambda: fresh.delete_leftover("0123456789abcdef.part"),
            lambda: fresh.set_identity(IDENTITY, replace=True),
        ]
    if place in {"", "quarantine"}:
        works.append(lambda: fresh.quarantine("stranger.txt"))
    for work in works:
        with pytest.raises(DirectoryError, match="is a symbolic link"):
            work()
    assert all_in(elsewhere) == before


@pytest.mark.parametrize("place", ["", "variants"])
def test_no_copy_is_read_kept_or_deleted_through_a_link(
    store: FileStore, directory: Path, elsewhere: Path, place: str
) -> None:
    before = all_in(elsewhere)
    ours = directory / ".logocache" / place
    if place == "":
        ours.rename(directory / "moved")
    ours.symlink_to(elsewhere / place)
    variants = FileVariants(directory / ".logocache" / "variants", max_count=9)
    assert variants.read("a_12345678.png", SMALL) is None
    assert not variants.write("b_12345678.png", SMALL, b"body", room=1000)
    variants.shrink(0)
    assert (variants.count(), variants.size_bytes()) == (0, 0)
    with pytest.raises(DirectoryError, match="is a symbolic link"):
        variants.forget(["a_12345678.png"])
    assert all_in(elsewhere) == before


@pytest.mark.parametrize("name", ["logocache.db", "logocache.db-wal", "cache-id", "variants", "anything"])
def test_a_link_among_our_own_files_is_refused_and_named(
    store: FileStore, directory: Path, tmp_path: Path, name: str
) -> None:
    (directory / ".logocache" / name).symlink_to(tmp_path / "target")
    for work in (store.require, store.prepare):
        with pytest.raises(DirectoryError, match=f"{name} is a symbolic link") as refused:
            work()
        assert "remove it" in str(refused.value)
    assert not (tmp_path / "target").exists()


def test_the_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "logos").symlink_to(tmp_path / "volume")
    store = FileStore(tmp_path / "logos", tmp_path / "logos" / ".logocache")
    store.prepare()
    store.require()
    staged = store.stage("shopify", make_image().png)
    store.commit([staged])
    assert (tmp_path / "volume" / staged.file.name).read_bytes() == b"png"


def test_only_files_of_our_own_pattern_are_removed(store: FileStore, directory: Path) -> None:
    temporary = directory / ".logocache" / "tmp"
    for name in ("report.txt", "x.part", "0123456789ABCDEF.part", "0123456789abcdef.part"):
        (temporary / name).write_text("")
        os.utime(temporary / name, (0, 0))
    assert [found.name for found in store.leftovers(before=LATER)] == ["0123456789abcdef.part"]
    assert not store.delete_leftover("report.txt")
    assert (temporary / "report.txt").exists()
    variants = FileVariants(directory / ".logocache" / "variants", max_count=1)
    assert variants.write("a_12345678.png", SMALL, b"body", room=1000)
    for name in ("report.txt", "x.part"):
        (directory / ".logocache" / "variants" / name).write_text("")
    variants.shrink(0)
    left = {path.name for path in (directory / ".logocache" / "variants").iterdir()}
    assert left == {".lock", "report.txt", "x.part"}


def test_links_and_foreign_owners_are_told(store: FileStore, directory: Path) -> None:
    assert store.permission_problems() == ()
    (directory / ".logocache" / "tmp" / "x").symlink_to("/etc")
    (told,) = store.permission_problems()
    assert told.startswith(f"{directory}/.logocache/tmp/x is a symbolic link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_of_a_stranger_is_refused_only_where_strangers_can_make_one(
    store: FileStore, directory: Path
) -> None:
    os.chown(directory / ".logocache", 12345, 12345)
    store.require()
    assert any("belongs to another user (uid 12345)" in problem for problem in store.permission_problems())
    directory.chmod(0o1777)
    with pytest.raises(DirectoryError, match=r"\.logocache was made by another user \(uid 12345\)"):
        store.require()
    os.chown(directory, 12345, 12345)
    store.require()


US, ROOT, STRANGER = os.geteuid(), 0, 4242


@pytest.mark.parametrize(
    ("outer", "inner", "planted"),
    [
        ((STRANGER, 0o755), (STRANGER, 0o700, 1), False),  # a bind mount of the host's user
        ((ROOT, 0o775), (STRANGER, 0o700, 1), False),  # group 0 makes folders: no stranger can
        ((ROOT, 0o1777), (STRANGER, 0o700, 1), True),
        ((ROOT, 0o777), (STRANGER, 0o777, 1), True),
        ((ROOT, 0o777), (STRANGER, 0o770, os.getegid()), False),  # any user, one group
        ((ROOT, 0o777), (STRANGER, 0o750, os.getegid()), True),
        ((ROOT, 0o777), (65534, 0o700, 1), False),  # a squashed root
        ((ROOT, 0o777), (US, 0o700, 1), False),
        ((STRANGER, 0o777), (STRANGER, 0o777, 1), False),  # a mount on which all is one user's
    ],
)
def test_who_is_a_stranger(outer: tuple[int, int], inner: tuple[int, int, int], *, planted: bool) -> None:
    def facts(uid: int, mode: int, gid: int = 1) -> os.stat_result:
        return os.stat_result((stat.S_IFDIR | mode, 1, 1, 1, uid, gid, 0, 0, 0, 0))

    assert is_planted(facts(*inner), facts(*outer)) is planted


# Files that are too long -------------------------------------------------------------------------


def test_what_is_longer_than_any_logo_is_not_read(store: FileStore) -> None:
    staged = store.stage("shopify", make_image().png)
    store.commit([staged])
    path = store.path(staged.file.name)
    os.truncate(path, 6 * 2**30)  # sparse: it takes no room
    assert store.read(path.name) is None
    assert store.read_intact(path.name) is None
    assert store.sha256(path.name) is None
    os.truncate(path, LARGEST_LOGO)
    assert len(store.read(path.name) or b"") == LARGEST_LOGO


def test_what_is_longer_than_any_logo_is_not_written(store: FileStore) -> None:
    with pytest.raises(ValueError, match="longer than any"):
        store.stage("shopify", make_image(bytes(LARGEST_LOGO + 1)).png)
    assert LARGEST_LOGO == LARGEST_PNG, "images and files agree"


# Identity ----------------------------------------------------------------------------------------


def test_a_directory_says_once_which_cache_it_belongs_to(store: FileStore, directory: Path) -> None:
    assert store.identity() is None
    assert store.set_identity(IDENTITY, replace=False)
    other = IDENTITY.replace("2", "3")
    assert not store.set_identity(other, replace=False)
    assert store.identity() == IDENTITY
    assert store.set_identity(other, replace=True)
    assert store.identity() == other
    assert (directory / ".logocache" / "cache-id").read_text() == f"{other}\n"
    assert list((directory / ".logocache" / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text("not an identity\n"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text(f"{IDENTITY}\n{IDENTITY}\n"),
        lambda path: path.write_bytes(bytes(10_000)),
        os.mkfifo,
    ],
    ids=["text", "empty", "two", "long", "FIFO"],
)
def test_what_is_no_identity_is_nobodys(
    store: FileStore, directory: Path, make: Callable[[Path], object]
) -> None:
    make(directory / ".logocache" / "cache-id")
    assert store.identity() == UNREADABLE
    assert store.set_identity(IDENTITY, replace=True)
    assert store.identity() == IDENTITY


def test_a_missing_folder_belongs_to_nobody(directory: Path) -> None:
    assert FileStore(directory, directory / ".logocache").identity() is None


def test_opened_folders_are_closed(store: FileStore, directory: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        store.commit([store.stage("shopify", make_image().png)])
        with pytest.raises(FileNotFoundError), opened(directory / ".logocache", "none"):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to count open files")
def test_a_folder_in_place_of_the_identity_leaves_nothing_open(store: FileStore, directory: Path) -> None:
    (directory / ".logocache" / "cache-id").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert store.identity() == UNREADABLE
    assert len(list(Path("/proc/self/fd").iterdir())) == before
