"""A stored logo is a PNG that decodes, in a plain file."""

import errno
import os
from pathlib import Path

import pytest

from harness.image_samples import SMALL_IMAGES, encoded, two_colours
from logocache.images.errors import LARGEST_PNG
from logocache.images.variants import check_file
from logocache.ports import FileCheck

GOOD = encoded(two_colours((40, 20)), "PNG")


def checked(path: Path, *, max_pixels: int = 10**6) -> FileCheck:
    return check_file(path, max_pixels=max_pixels)


def with_a_flipped_byte(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def test_a_good_file_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(GOOD)
    assert checked(path) == FileCheck(path=path, width=40, height=20)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b"", "not a PNG", id="empty"),
        pytest.param(SMALL_IMAGES["jpeg"], "not a PNG", id="JPEG"),
        pytest.param(GOOD[:-20], "a broken PNG", id="truncated"),
        pytest.param(GOOD[:30], "a broken PNG", id="header alone"),
        pytest.param(with_a_flipped_byte(GOOD, 18), "a broken PNG", id="flipped byte in the header"),
        pytest.param(
            with_a_flipped_byte(GOOD, GOOD.index(b"IDAT") + 12), "a broken PNG", id="and in the pixels"
        ),
        pytest.param(with_a_flipped_byte(GOOD, len(GOOD) - 14), "a broken PNG", id="and in a checksum"),
        pytest.param(
            encoded(two_colours((1001, 1000)), "PNG"), "more than 1000000 pixels", id="too many pixels"
        ),
        pytest.param(GOOD + bytes(LARGEST_PNG), "more than 2000000 bytes", id="too large"),
    ],
)
def test_other_contents_are_a_problem(body: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(body)
    check = checked(path)
    assert check.problem is not None
    assert problem in check.problem
    assert (check.path, check.width, check.height) == (path, 0, 0)


def test_other_kinds_of_files_are_a_problem(tmp_path: Path) -> None:
    good, link, pipe = tmp_path / "good.png", tmp_path / "link.png", tmp_path / "pipe.png"
    good.write_bytes(GOOD)
    link.symlink_to(good)
    os.mkfifo(pipe)
    assert checked(link).problem == "it is a symbolic link"
    assert checked(pipe).problem == "it is not a plain file"
    assert checked(tmp_path).problem == "it cannot be read: Is a directory"
    assert checked(tmp_path / "none.png").problem == "it cannot be read: No such file or directory"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="the only file whose reading surely fails")
def test_what_cannot_be_read_is_not_called_broken() -> None:
    check = checked(Path("/proc/self/mem"))
    assert check.problem is None
    assert check.obstacle == f"it cannot be read: {os.strerror(errno.EIO)}"
