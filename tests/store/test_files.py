"""The file store: whole files under their names, and nothing outside its directory."""

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.factories import make_image
from logocache.errors import DirectoryError
from logocache.ports import NormalisedImage
from logocache.store.files import FileStore
from logocache.store.folders import found

NOBODY = 65534
FOREIGN = "not-ours.txt"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "logos"


@pytest.fixture
def store(directory: Path) -> FileStore:
    store = make_store(directory)
    store.prepare()
    return store


def make_store(directory: Path, *, sync: Callable[[int], None] = os.fsync) -> FileStore:
    return FileStore(directory, directory / ".logocache", sync=sync)


def put(store: FileStore, key: str = "shopify", image: NormalisedImage | None = None) -> str:
    staged = store.stage(key, image or make_image())
    store.commit(staged)
    return staged.file.name


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def temporary_files(directory: Path) -> list[Path]:
    return list((directory / ".logocache" / "tmp").iterdir())


def test_it_satisfies_the_port(directory: Path) -> None:
    store: FileStore = make_store(directory)  # checked by the type checker
    assert store.directory == directory
    assert store.path("a.png") == directory / "a.png"


def test_making_one_touches_nothing(directory: Path) -> None:
    make_store(directory)
    assert not directory.exists()


def test_preparing_makes_a_directory_to_serve_and_a_private_one(store: FileStore, directory: Path) -> None:
    private = directory / ".logocache"
    assert mode_of(directory) == 0o755
    assert [mode_of(each) for each in (private, private / "tmp", private / "quarantine")] == [0o700] * 3


def test_the_umask_does_not_hide_the_logos_from_a_web_server(directory: Path) -> None:
    before = os.umask(0o077)
    try:
        store = make_store(directory)
        store.prepare()
        name = put(store)
    finally:
        os.umask(before)
    assert mode_of(directory) == 0o755
    assert mode_of(directory / name) == 0o644


def test_preparing_again_changes_nothing(store: FileStore, directory: Path) -> None:
    directory.chmod(0o750)
    name = put(store)
    store.prepare()
    assert mode_of(directory) == 0o750
    assert store.read(name) == b"png"


@pytest.mark.parametrize(
    "blocked",
    [
        pytest.param(lambda directory: directory, id="the directory"),
        pytest.param(lambda directory: directory.parent, id="its parent"),
        pytest.param(lambda directory: directory / ".logocache", id="our own folder"),
    ],
)
def test_a_file_where_a_directory_belongs_is_named(tmp_path: Path, blocked: Callable[[Path], Path]) -> None:
    directory = tmp_path / "parent" / "logos"
    blocked(directory).parent.mkdir(parents=True, exist_ok=True)
    blocked(directory).write_text("in the way")
    with pytest.raises(DirectoryError, match="is a file; move it away"):
        make_store(directory).prepare()


def test_a_file_system_that_cannot_take_it_is_an_error() -> None:
    with pytest.raises(DirectoryError, match="cannot be created"):
        make_store(Path("/proc/logocache-test/logos")).prepare()


@pytest.mark.skipif(not os.statvfs("/sys").f_flag & os.ST_RDONLY, reason="needs a read-only file system")
def test_a_read_only_file_system_is_named() -> None:
    with pytest.raises(DirectoryError, match="writable"):
        FileStore(Path("/sys"), Path("/sys")).prepare()


@contextmanager
def nobody() -> Iterator[None]:
    """As another user, in this process; the saved user id lets it become root again (setresuid(2))."""
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other users can get to: all above `tmp_path` is closed to them."""
    with tempfile.TemporaryDirectory(prefix="logocache-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@as_root
def test_a_parent_that_is_not_ours_names_the_command_to_run(reachable: Path) -> None:
    expected = rf"cannot be created \(permission denied\): run `sudo install -d -o {NOBODY}"
    with nobody(), pytest.raises(DirectoryError, match=expected):
        make_store(reachable / "logos").prepare()


@as_root
def test_a_directory_that_is_not_ours_names_the_command_to_run(reachable: Path) -> None:
    store = make_store(reachable / "logos")
    store.prepare()
    with nobody(), pytest.raises(DirectoryError, match=f"run `sudo chown -R {NOBODY}:0 {reachable}/logos`"):
        store.prepare()
    with nobody():
        problems = store.permission_problems()
    assert (
        f"{reachable}/logos cannot be read and written by the user who runs this (uid {NOBODY})" in problems
    )


@as_root
def test_a_directory_that_may_be_read_but_not_written_is_an_error(reachable: Path) -> None:
    store = make_store(reachable / "logos")
    store.prepare()
    for folder in (".", "tmp", "quarantine"):
        (reachable / "logos" / ".logocache" / folder).chmod(0o777)
    with nobody(), pytest.raises(DirectoryError, match=r"cannot be written \(permission denied\)"):
        store.prepare()


@as_root
def test_a_private_folder_of_another_user_is_an_error(reachable: Path) -> None:
    store = make_store(reachable / "logos")
    store.prepare()
    (reachable / "logos").chmod(0o777)
    with nobody(), pytest.raises(DirectoryError, match="sudo chown"):
        store.stage("shopify", make_image())
    with nobody():
        assert list(store.leftovers(before=datetime.now(UTC))) == []


@as_root
def test_a_file_of_another_user_that_may_not_be_read_is_an_error(reachable: Path) -> None:
    store = make_store(reachable / "logos")
    store.prepare()
    name = put(store)
    store.path(name).chmod(0o600)
    with nobody(), pytest.raises(DirectoryError, match="cannot be read"):
        store.read(name)
    with nobody():
        assert (
            f"{name} cannot be read by the user who runs this (uid {NOBODY})" in store.permission_problems()
        )


def test_what_was_prepared_is_usable(store: FileStore) -> None:
    store.require()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        pytest.param(lambda folder: None, "run `logocache init` to create it", id="nothing there"),
        pytest.param(lambda folder: folder.mkdir(), "run `logocache init`", id="not prepared"),
        pytest.param(lambda folder: folder.write_text(""), "logos is a file", id="a file"),
    ],
)
def test_what_was_not_prepared_names_the_next_step(
    directory: Path, spoil: Callable[[Path], None], expected: str
) -> None:
    spoil(directory)
    with pytest.raises(DirectoryError, match=expected):
        make_store(directory).require()


def test_a_staged_file_is_not_yet_under_its_name(store: FileStore) -> None:
    staged = store.stage("shopify", make_image())
    assert staged.path.read_bytes() == b"png"
    assert list(store.files()) == []


def test_a_committed_file_has_its_bytes_digest_and_mode(store: FileStore, directory: Path) -> None:
    image = make_image(b"a logo", width=64, height=32)
    staged = store.stage("shopify", image)
    store.commit(staged)
    name = staged.file.name
    assert (staged.file.size, staged.file.width, staged.file.height) == (6, 64, 32)
    assert store.read(name) == b"a logo"
    assert store.sha256(name) == image.sha256
    assert mode_of(store.path(name)) == 0o644
    assert temporary_files(directory) == []


def test_a_file_is_whole_when_it_is_synced(directory: Path) -> None:
    sizes: list[int] = []
    store = make_store(directory, sync=lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    store.prepare()
    store.stage("shopify", make_image(b"12345"))
    assert sizes == [5]


def test_file_and_directory_are_both_synced(directory: Path) -> None:
    synced: list[bool] = []
    store = make_store(
        directory, sync=lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
    )
    store.prepare()
    put(store)
    assert synced == [False, True]


def test_the_same_content_twice_is_success(store: FileStore) -> None:
    assert put(store) == put(store)


def test_committing_twice_is_success(store: FileStore) -> None:
    staged = store.stage("shopify", make_image())
    store.commit(staged)
    store.commit(staged)
    assert store.read(staged.file.name) == b"png"


def test_a_temporary_file_that_vanished_is_an_error(store: FileStore) -> None:
    staged = store.stage("shopify", make_image())
    store.discard(staged)
    with pytest.raises(DirectoryError, match="cannot be put in place"):
        store.commit(staged)


def test_discarding_removes_the_temporary_file_and_nothing_else(store: FileStore, directory: Path) -> None:
    staged = store.stage("shopify", make_image())
    store.discard(staged)
    store.discard(staged)
    assert temporary_files(directory) == []
    committed = store.stage("shopify", make_image())
    store.commit(committed)
    store.discard(committed)
    assert store.read(committed.file.name) == b"png"


def test_a_disk_that_gets_full_leaves_no_temporary_file(directory: Path) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = make_store(directory, sync=full)
    store.prepare()
    with pytest.raises(DirectoryError, match="free some space"):
        store.stage("shopify", make_image())
    assert temporary_files(directory) == []


def sync_failing_for_directories(number: int) -> Callable[[int], None]:
    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))

    return sync


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("where", ["file", "directory"])
def test_it_is_writable_when_the_last_write_was_or_another_is(
    directory: Path, number: int, where: str
) -> None:
    """Whatever access(2) says. What is tried is as large as what could not be written."""
    broken, sizes = [False], []

    def sync(descriptor: int) -> None:
        facts = os.fstat(descriptor)
        sizes.append(facts.st_size)
        if broken[0] and stat.S_ISDIR(facts.st_mode) == (where == "directory"):
            raise OSError(number, os.strerror(number))

    store = make_store(directory, sync=sync)
    store.prepare()
    broken[0] = True
    store.check_writable()  # nobody has noticed
    with pytest.raises(DirectoryError):
        put(store, image=make_image(b"x" * 5000))
    for _ in range(2):
        sizes.clear()
        with pytest.raises(DirectoryError):
            store.check_writable()
        assert sizes[0] == 5000
    broken[0] = False
    store.check_writable()
    sizes.clear()
    store.check_writable()
    assert sizes == []
    assert temporary_files(directory) == []


def test_the_next_write_shows_that_it_is_writable(directory: Path) -> None:
    failures = [OSError(errno.EIO, "the disk is broken")]

    def sync(descriptor: int) -> None:
        if failures:
            raise failures.pop()

    store = make_store(directory, sync=sync)
    store.prepare()
    with pytest.raises(DirectoryError):
        put(store)
    put(store)
    failures.append(OSError(errno.EIO, "nobody finds out"))
    store.check_writable()


def test_a_file_system_that_cannot_sync_directories_will_do(directory: Path) -> None:
    store = make_store(directory, sync=sync_failing_for_directories(errno.EINVAL))
    store.prepare()
    assert store.read(put(store)) == b"png"


def test_a_directory_that_fails_to_sync_is_an_error(directory: Path) -> None:
    store = make_store(directory, sync=sync_failing_for_directories(errno.EIO))
    store.prepare()
    with pytest.raises(DirectoryError, match="cannot be put in place"):
        put(store)


def test_a_private_folder_that_was_deleted_is_made_again(store: FileStore, directory: Path) -> None:
    (directory / ".logocache" / "tmp").rmdir()
    assert store.read(put(store)) == b"png"


def test_a_directory_that_was_deleted_is_not_made_again(store: FileStore, directory: Path) -> None:
    for folder in ("tmp", "quarantine", "."):
        (directory / ".logocache" / folder).rmdir()
    directory.rmdir()
    with pytest.raises(DirectoryError, match="run `logocache init`"):
        store.stage("shopify", make_image())
    assert not directory.exists()


def test_a_file_that_is_gone_is_none(store: FileStore) -> None:
    assert store.read("gone.png") is None
    assert store.sha256("gone.png") is None
    assert store.delete("gone.png") is False
    assert store.quarantine("gone.png") is False


def test_a_deleted_file_was_there_once(store: FileStore) -> None:
    name = put(store)
    assert store.delete(name)
    assert store.read(name) is None


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", ".logocache", "a/b.png", "", "a\0b"])
def test_no_operation_takes_a_name_that_leaves_the_directory(store: FileStore, name: str) -> None:
    operations: list[Callable[[str], object]] = [
        store.path, store.read, store.sha256, store.delete, store.delete_leftover, store.quarantine
    ]  # fmt: skip
    for operation in operations:
        with pytest.raises(ValueError, match="is not the name of a file"):
            operation(name)


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
    staged = store.stage("shopify", make_image())
    store.path(staged.file.name).symlink_to(target)
    store.commit(staged)
    assert target.read_text() == "kept"
    assert store.read(staged.file.name) == b"png"


def test_quarantine_overwrites_nothing(store: FileStore, directory: Path) -> None:
    for content in ("first", "second"):
        (directory / FOREIGN).write_text(content)
        assert store.quarantine(FOREIGN)
    kept = (directory / ".logocache" / "quarantine").glob(f"*/{FOREIGN}")
    assert {each.read_text() for each in kept} == {"first", "second"}


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
    assert [(each.name, each.size) for each in found] == [("a.png", 1), ("b.png", 2), ("c", 3)]
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
    old, fresh = store.stage("old", make_image()), store.stage("fresh", make_image())
    os.utime(old.path, (0, 0))
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert [leftover.name for leftover in store.leftovers(before=hour_ago)] == [old.path.name]
    assert store.delete_leftover(old.path.name)
    assert not store.delete_leftover(old.path.name)
    assert fresh.path.exists()


def test_the_disk_has_a_size(store: FileStore) -> None:
    space = store.disk_space()
    assert 0 <= space.free_bytes <= space.total_bytes
    assert space.total_bytes > 0
