"""Permissions: some forbid us to write, and ours let others read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from logocache.store.errors import is_directory, problems_of
from logocache.store.files import FileStore


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "logos"
    FileStore(directory, directory / ".logocache").prepare()
    return directory


def problems(directory: Path) -> str:
    return "\n".join(FileStore(directory, directory / ".logocache").permission_problems())


def test_a_fresh_directory_has_no_problems(directory: Path) -> None:
    (directory / "a.png").write_bytes(b"")
    assert problems(directory) == ""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda top: top.chmod(0o777), "anyone may replace files in", id="world-writable"),
        pytest.param(
            lambda top: (top / ".logocache").chmod(0o750), "is open to other users; run `chmod 700", id="open"
        ),
        pytest.param(
            lambda top: (top / ".logocache" / "tmp").chmod(0o701), "tmp is open to other users", id="tmp open"
        ),
        pytest.param(lambda top: (top / ".logocache" / "tmp").rmdir(), "tmp is missing", id="tmp missing"),
    ],
)
def test_each_problem_is_named(directory: Path, change: Callable[[Path], None], expected: str) -> None:
    change(directory)
    assert expected in problems(directory)
    assert len(problems(directory).splitlines()) == 1


def test_a_sticky_world_writable_directory_is_fine(directory: Path) -> None:
    directory.chmod(0o1777)
    assert problems(directory) == ""


def test_a_directory_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "gone", [tmp_path], []) == (
        f"{tmp_path / 'gone'} does not exist or is not a directory; run `logocache init`",
    )


def test_files_that_cannot_be_read_are_named_up_to_a_number(directory: Path) -> None:
    """A file that is gone cannot be read by root either."""
    found = problems_of(directory, [], [f"{number:02}.png" for number in range(12)])
    assert found[0] == f"00.png cannot be read by the user who runs this (uid {os.geteuid()})"
    assert found[-1] == "2 more files cannot be read either"
    assert len(found) == 11


def test_a_link_is_not_followed_to_see_whether_it_can_be_read(directory: Path) -> None:
    (directory / "link.png").symlink_to("nowhere")
    assert problems(directory) == ""


def test_what_we_may_not_look_at_is_no_directory(tmp_path: Path) -> None:
    assert not is_directory(tmp_path / ("a" * 300))
