"""Files that the operator names: read only when they are plain files of bearable size.

A FIFO would hold the program for ever, a device would fill its memory, and TOML can be written so
that four megabytes take minutes.
"""

import errno
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

DEEPEST_TOML_NAME = 16
"""Parts of a dotted name. The parser's time grows with their square, and nothing of ours has four."""

TOO_DEEP_NAME = re.compile(
    r"""(?<![\w-])(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')(?:[ \t]*+\.[ \t]*+(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+'))"""
    rf"{{{DEEPEST_TOML_NAME}}}"
)
"""Possessive throughout, so that looking for it takes time in proportion to the text."""


def read_input(path: Path, *, most: int) -> bytes:
    """All bytes of a regular file, which links may lead to; it is at most `most` bytes long.

    Raises:
        OSError: it is none, cannot be read, or is larger; `strerror` says why in every case.
    """
    try:
        _require_regular(path.stat())  # before it is opened: opening a device may do something
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except ValueError as error:  # a NUL character, or half of a surrogate pair
        raise OSError(errno.EINVAL, "its name is not possible") from error
    with os.fdopen(descriptor, "rb") as file:
        _require_regular(os.fstat(descriptor))  # again: it may be another one by now
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes")
    return content


def parse_toml(text: str) -> dict[str, Any]:
    """The document. Raises ValueError, with a reason of one line, for what is none or is nested too deep."""
    if TOO_DEEP_NAME.search(text):
        raise ValueError(f"a name in it has more than {DEEPEST_TOML_NAME} parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
