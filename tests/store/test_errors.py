"""Operating system errors in words."""

import errno
import os
from pathlib import Path

import pytest

from logocache.errors import DirectoryError
from logocache.store.errors import hint_for, translated


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(errno.ENOSPC, "free some space", id="disk full"),
        pytest.param(errno.EDQUOT, "free some space", id="quota"),
        pytest.param(errno.EROFS, "mount the file system", id="read-only"),
        pytest.param(errno.EEXIST, "is a file", id="a file at that path"),
        pytest.param(errno.ENOTDIR, "is a file", id="a file within the path"),
        pytest.param(errno.ENOENT, "logocache init", id="gone"),
        pytest.param(errno.EXDEV, "one file system", id="another file system"),
        pytest.param(errno.EIO, "look at", id="anything else"),
    ],
)
def test_each_error_says_what_to_do(number: int, expected: str, tmp_path: Path) -> None:
    assert expected in hint_for(os_error(number), tmp_path)


def test_a_directory_of_our_own_without_permission_names_the_chmod(tmp_path: Path) -> None:
    assert f"chmod -R u+rwX {tmp_path}" in hint_for(os_error(errno.EACCES), tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="`/` belongs to root, so it must be run by another user")
def test_a_directory_of_another_user_names_the_chown_without_root() -> None:
    assert f"sudo chown -R {os.geteuid()}:{os.getegid()} /" in hint_for(os_error(errno.EACCES), Path("/"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_names_the_chown(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    assert f"sudo chown -R 0:{os.getegid()} {tmp_path}" in hint_for(os_error(errno.EPERM), tmp_path)


def test_a_directory_that_is_not_there_names_the_command_that_makes_it(tmp_path: Path) -> None:
    missing = tmp_path / "with space"
    expected = f"sudo install -d -o {os.geteuid()} -g {os.getegid()} '{missing}'"
    assert expected in hint_for(os_error(errno.EACCES), missing)


def test_the_error_says_what_failed_and_why_and_keeps_its_cause(tmp_path: Path) -> None:
    with (
        pytest.raises(DirectoryError, match=r"it cannot be done \(no space left on device\)") as caught,
        translated(tmp_path, "it cannot be done"),
    ):
        raise os_error(errno.ENOSPC)
    assert isinstance(caught.value.__cause__, OSError)


def test_an_error_without_a_number_is_put_into_words_too(tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match="Odd"), translated(tmp_path, "Odd"):
        raise OSError("something odd")
