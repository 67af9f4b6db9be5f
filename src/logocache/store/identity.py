"""Which cache a directory belongs to: a UUID in the file `cache-id` of its private folder."""

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from logocache.store.folders import opened

IDENTITY_FILE = "cache-id"
UNREADABLE = "unreadable"
"""Stands for what the file holds when that is no identity. It is never anybody's."""

_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n?")
_LONGEST = 64
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
"""What file systems without hard links say."""


def read_identity(private: Path) -> str | None:
    """The identity in the private folder; None where there is none. Raises OSError."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        with opened(private) as folder:
            descriptor = os.open(IDENTITY_FILE, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return UNREADABLE
        content = file.read(_LONGEST)
    return content.decode("ascii").strip() if _UUID.fullmatch(content) else UNREADABLE


def write_identity(
    private: Path, identity: str, *, replace: bool, sync: Callable[[int], None] = os.fsync
) -> None:
    """Write it atomically, and durably. Raises OSError; FileExistsError unless it is to `replace` another."""
    unfinished = f"{secrets.token_hex(8)}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with opened(private) as folder, opened(private, "tmp") as temporary:
        try:
            with os.fdopen(os.open(unfinished, flags, 0o600, dir_fd=temporary), "wb") as file:
                file.write(f"{identity}\n".encode("ascii"))
                file.flush()
                sync(file.fileno())
            _place(unfinished, temporary, folder, replace=replace)
            with suppress(OSError):  # some network file systems cannot sync directories
                sync(folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(unfinished, dir_fd=temporary)


def _place(unfinished: str, temporary: int, folder: int, *, replace: bool) -> None:
    if not replace:
        try:
            os.link(unfinished, IDENTITY_FILE, src_dir_fd=temporary, dst_dir_fd=folder)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
        else:
            return
    os.rename(unfinished, IDENTITY_FILE, src_dir_fd=temporary, dst_dir_fd=folder)
