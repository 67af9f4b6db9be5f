"""The file store: whole files under their names, and nothing outside its directory."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.factories import make_image
from harness.stores import make_store, mode_of, put
from logocache.errors import DirectoryError
from logocache.store.files import FileStore


def temporary_files(directory: Path) -> list[Path]:
    return list((directory / ".logocache" / "tmp").iterdir())


def test_it_satisfies_the_port(directory: Path) -> None:
    store: FileStore = make_store(directory)  # checked by the type checker
    assert store.directory == directory
    assert store.path("a.png") == directory / "a.png"


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
    staged = store.stage("shopify", make_image().png)
    assert staged.path.read_bytes() == b"png"
    assert list(store.files()) == []


def test_a_committed_file_has_its_bytes_digest_and_mode(store: FileStore, directory: Path) -> None:
    image = make_image(b"a logo")
    staged = store.stage("shopify", image.png)
    store.commit([staged])
    name = staged.file.name
    assert staged.file.size == 6
    assert store.read(name) == b"a logo"
    assert store.sha256(name) == image.sha256
    assert mode_of(store.path(name)) == 0o644
    assert temporary_files(directory) == []


def test_a_file_is_whole_when_it_is_synced(directory: Path) -> None:
    sizes: list[int] = []
    store = make_store(directory, sync=lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    store.prepare()
    store.stage("shopify", make_image(b"12345").png)
    assert sizes == [5]


def test_file_and_directory_are_both_synced(directory: Path) -> None:
    synced: list[bool] = []
    store = make_store(
        directory, sync=lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
    )
    store.prepare()
    put(store)
    assert synced == [False, True]


def test_a_batch_takes_one_sync_of_the_directory(directory: Path) -> None:
    synced: list[bool] = []
    store = make_store(
        directory, sync=lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
    )
    store.prepare()
    batch = [store.stage(f"company{number}", make_image().png) for number in range(20)]
    assert synced == [False] * 20
    store.commit(batch)
    assert synced == [False] * 20 + [True]
    assert all(store.read(staged.file.name) == b"png" for staged in batch)


def test_a_batch_of_which_one_vanished_names_it_and_can_be_committed_again(store: FileStore) -> None:
    batch = [store.stage(f"company{number}", make_image().png) for number in range(3)]
    store.discard(batch[1])
    with pytest.raises(DirectoryError, match="company1_"):
        store.commit(batch)
    store.commit([batch[0], batch[2]])
    assert [found.name for found in store.files()] == [batch[0].file.name, batch[2].file.name]


def test_the_same_content_twice_is_success(store: FileStore) -> None:
    assert put(store) == put(store)


def test_committing_twice_is_success(store: FileStore) -> None:
    staged = store.stage("shopify", make_image().png)
    store.commit([staged])
    store.commit([staged])
    assert store.read(staged.file.name) == b"png"


def test_a_temporary_file_that_vanished_is_an_error(store: FileStore) -> None:
    staged = store.stage("shopify", make_image().png)
    store.discard(staged)
    with pytest.raises(DirectoryError, match="cannot be put in place"):
        store.commit([staged])


def test_discarding_removes_the_temporary_file_and_nothing_else(store: FileStore, directory: Path) -> None:
    staged = store.stage("shopify", make_image().png)
    store.discard(staged)
    store.discard(staged)
    assert temporary_files(directory) == []
    committed = store.stage("shopify", make_image().png)
    store.commit([committed])
    store.discard(committed)
    assert store.read(committed.file.name) == b"png"


def test_a_disk_that_gets_full_leaves_no_temporary_file(directory: Path) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = make_store(directory, sync=full)
    store.prepare()
    with pytest.raises(DirectoryError, match="free some space"):
        store.stage("shopify", make_image().png)
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
        store.stage("shopify", make_image().png)
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


def test_the_disk_has_a_size(store: FileStore) -> None:
    space = store.disk_space()
    assert 0 <= space.free_bytes <= space.total_bytes
    assert space.total_bytes > 0
