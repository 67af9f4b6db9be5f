"""Private folders, their lock and the cache's identity. Opened step by step: a planted link leads nowhere."""

import errno
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from logocache.model import FoundFile

PRIVATE_MODE = 0o700
NOBODY = 65534
"""The owner that a file system shows for users it does not know, such as a root who is squashed (NFS)."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class PlantedError(OSError):
    """Something is in the place of a folder or file of ours that we did not make."""


@contextmanager
def opened_directory(path: Path) -> Iterator[int]:
    """A descriptor of a directory that the operator named: it may be a link."""
    descriptor = os.open(path, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened(folder: Path, *below: str, make: bool = False) -> Iterator[int]:
    """A descriptor of our own `folder`, or of the one to which `below` leads from it.

    Links are followed up to the directory that holds `folder`, and no further. With `make`, folders
    that are missing are made.

    Raises:
        PlantedError: a link, or the folder of a stranger, is in the place of one.
        OSError: one is missing, is no folder, or may not be opened.
    """
    descriptor = os.open(folder.parent, _FOLDER)
    try:
        for name in (folder.name, *below):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, PRIVATE_MODE, dir_fd=descriptor)
            descriptor, outer = _step(descriptor, name), descriptor
            os.close(outer)
        yield descriptor
    finally:
        os.close(descriptor)


def refuse_links(descriptor: int) -> None:
    """Raise PlantedError if a link lies directly in the open folder."""
    with os.scandir(descriptor) as entries:
        for entry in entries:
            if entry.is_symlink():
                raise _planted(entry.name, "is a symbolic link")


def is_planted(found: os.stat_result, outer: os.stat_result) -> bool:
    """True for a folder that a stranger made where anybody may make one.

    Not a stranger is who runs us, root, the owner of the folder around it, and whoever shares it with
    our group (containers run as any user of group 0). Elsewhere the owner of the folder around it has
    seen to it: volumes show all kinds of owners.
    """
    if not outer.st_mode & stat.S_IWOTH:
        return False
    is_shared = bool(found.st_mode & stat.S_IWGRP) and found.st_gid in {os.getegid(), *os.getgroups()}
    return found.st_uid not in {os.geteuid(), 0, outer.st_uid, NOBODY} and not is_shared


def _step(outer: int, name: str) -> int:
    try:
        descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=outer)
    except OSError as error:
        # Linux says ENOTDIR of links, others ELOOP.
        if error.errno in {errno.ENOTDIR, errno.ELOOP} and _is_link(outer, name):
            raise _planted(name, "is a symbolic link") from error
        raise
    found = os.fstat(descriptor)
    if is_planted(found, os.fstat(outer)):
        os.close(descriptor)
        raise _planted(name, f"was made by another user (uid {found.st_uid})")
    return descriptor


def _is_link(outer: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=outer, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _planted(name: str, what: str) -> PlantedError:
    return PlantedError(errno.ELOOP, f"{name} {what}")


PAUSE_SECONDS = 0.005


@contextmanager
def locked(name: str, folder: int, *, seconds: float) -> Iterator[None]:
    """Hold the lock of the file `name` in the open `folder`; it is made and never deleted.

    The lock ends with its process.

    Each call opens the file anew, so that flock(2) keeps threads apart too.

    Raises:
        TimeoutError: another has held it for all of `seconds`.
        OSError: the file cannot be made, or its file system has no locks.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        _acquire(descriptor, time.monotonic() + seconds)
        try:
            yield
        finally:
            # Closing is not enough: a child that was forked meanwhile has the descriptor, too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise TimeoutError("another process holds the lock") from error
            time.sleep(PAUSE_SECONDS)
        else:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    free_bytes: int
    total_bytes: int


def listed(folder: int | Path) -> list[FoundFile]:
    """What lies visibly in the folder, in order of name, without directories."""
    with os.scandir(folder) as entries:
        files = [found(entry) for entry in entries if not entry.name.startswith(".")]
    return sorted((file for file in files if file is not None), key=lambda each: each.name)


def found(entry: os.DirEntry[str]) -> FoundFile | None:
    """None for a directory, and for what was deleted since it was listed."""
    try:
        return as_found(entry.name, entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return None


def as_found(name: str, facts: os.stat_result) -> FoundFile | None:
    """None for a directory."""
    if stat.S_ISDIR(facts.st_mode):
        return None
    modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return FoundFile(name=name, size=facts.st_size, modified_at=modified_at)


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
