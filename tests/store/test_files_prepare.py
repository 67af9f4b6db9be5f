"""The directories of the file store: made, and refused with the command that mends them."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.factories import make_image
from harness.stores import make_store, mode_of, put
from logocache.errors import DirectoryError
from logocache.store.files import FileStore

NOBODY = 65534


def test_making_one_touches_nothing(directory: Path) -> None:
    make_store(directory)
    assert not directory.exists()


def test_preparing_makes_a_directory_to_serve_and_a_private_one(store: FileStore, directory: Path) -> None:
    private = directory / ".logocache"
    assert mode_of(directory) == 0o755
    assert [mode_of(item) for item in (private, private / "tmp", private / "quarantine")] == [0o700] * 3


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
        store.stage("shopify", make_image().png)
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
