"""Reading files that the operator names, if they are regular files of limited size.

A FIFO would block the program, a device would fill its memory, and four megabytes of hostile TOML take
minutes to parse.
"""

import errno
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

DEEPEST_TOML_NAME = 16
"""Parts of a dotted name. The parser takes quadratic time in them; our names have at most three."""

TOO_DEEP_NAME = re.compile(
    r"""(?<![\w-])(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')(?:[ \t]*+\.[ \t]*+(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+'))"""
    rf"{{{DEEPEST_TOML_NAME}}}"
)
"""Possessive throughout, so that searching takes linear time."""


def read_input(path: Path, *, most: int) -> bytes:
    """All bytes of a regular file of at most `most` bytes. Follows symbolic links.

    Raises:
        OSError: it is not a regular file, cannot be read, or is larger; `strerror` is always set.
    """
    try:
        _require_regular(path.stat())  # before opening, which may have side effects on a device
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except ValueError as error:  # a NUL character or a lone surrogate
        raise OSError(errno.EINVAL, "its name is not possible") from error
    with os.fdopen(descriptor, "rb") as file:
        _require_regular(os.fstat(descriptor))  # again: the file may have been replaced
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes")
    return content


def parse_toml(text: str) -> dict[str, Any]:
    """The document. Raises ValueError, with a reason of one line, if it is invalid or nested too deeply."""
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
