"""Private folders, their lock and identity file. Opened step by step, so that no planted link is followed."""

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
from logocache.store.digests import READ_FLAGS

PRIVATE_MODE = 0o700
NOBODY = 65534
"""Owner shown for unmapped users, such as a squashed root (NFS)."""

NOT_A_PLAIN_FILE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENXIO})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class PlantedError(OSError):
    """A foreign folder or link is in place of our own."""


@contextmanager
def opened_directory(path: Path) -> Iterator[int]:
    """Open a directory named by the operator, which may be a link; yields its descriptor."""
    descriptor = os.open(path, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened(folder: Path, *below: str, make: bool = False) -> Iterator[int]:
    """Open our own `folder`, or the one at the path `below` in it; yields its descriptor.

    Links are followed up to the parent of `folder`, and no further. With `make`, missing folders are
    created.

    Raises:
        PlantedError: a link, or the folder of another user, is in its place.
        OSError: one is missing, is not a folder, or cannot be opened.
    """
    descriptor = os.open(folder.parent, _FOLDER)
    try:
        for name in (folder.name, *below):
            descriptor, outer = _step(descriptor, name, make=make), descriptor
            os.close(outer)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_in(outer: int, name: str) -> Iterator[int]:
    """Open our folder `name` in an open one, created if it is missing. Yields, and raises, as `opened`."""
    descriptor = _step(outer, name, make=True)
    try:
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
    """True for a folder made by an untrusted user in a world-writable one.

    Trusted are this user, root, the owner of the outer folder, and the owner of a folder writable by our
    group (containers run as any user of group 0). In other places the owner does not matter: volumes
    show any owners.
    """
    if not outer.st_mode & stat.S_IWOTH:
        return False
    is_shared = bool(found.st_mode & stat.S_IWGRP) and found.st_gid in {os.getegid(), *os.getgroups()}
    return found.st_uid not in {os.geteuid(), 0, outer.st_uid, NOBODY} and not is_shared


def _step(outer: int, name: str, *, make: bool = False) -> int:
    try:
        descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=outer)
    except FileNotFoundError:
        if not make:
            raise
        with suppress(FileExistsError):
            os.mkdir(name, PRIVATE_MODE, dir_fd=outer)
        return _step(outer, name)
    except OSError as error:
        # Linux raises ENOTDIR for links, other systems ELOOP.
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
"""Between attempts to take a lock."""


@contextmanager
def locked(name: str, folder: int, *, seconds: float) -> Iterator[None]:
    """Hold an flock(2) on the file `name` in the open `folder`; the file is never deleted.

    The lock ends with its process. Each call opens the file again, so it also excludes other threads.

    Raises:
        TimeoutError: it was held by another for all of `seconds`.
        OSError: the file cannot be created, or its file system has no locks.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        _acquire(descriptor, time.monotonic() + seconds)
        try:
            yield
        finally:
            # Closing is not enough: a child forked meanwhile shares the descriptor.
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


def unfinished_name() -> str:
    """Return a new name for a temporary file."""
    return f"{secrets.token_hex(8)}.part"


def write_file(
    folder: int, name: str, content: bytes, *, mode: int = 0o600, sync: Callable[[int], None] | None
) -> None:
    """Create a file in the open folder, and `sync` it; on failure none is left. Raises OSError."""
    try:
        with os.fdopen(os.open(name, _NEW_FILE, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if sync is not None:
                sync(file.fileno())
    except OSError:
        with suppress(OSError):  # the first error is the one to report
            os.unlink(name, dir_fd=folder)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    free_bytes: int
    total_bytes: int


def read_plain(path: Path | str, most: int, *, folder: int | None = None) -> bytes | None:
    """Return the bytes of a file, which may be in an open folder.

    None if it is not a regular file, or longer than `most`. Raises OSError, also for a link.
    """
    descriptor = os.open(path, READ_FLAGS, dir_fd=folder)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(descriptor)
    return content if len(content) <= most else None


def read_regular(path: Path, most: int) -> bytes | None:
    """As `read_plain`; None also for a file that is missing, and for a link."""
    try:
        return read_plain(path, most)
    except OSError as error:
        if error.errno in NOT_A_PLAIN_FILE:
            return None
        raise


def sync_directory(descriptor: int, sync: Callable[[int], None]) -> None:
    """Make a rename itself durable (fsync(2): "an explicit fsync on the directory is needed")."""
    try:
        sync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync directories
            raise


def scanned(folder: int | Path) -> Iterator[FoundFile]:
    """Yield the visible files in the folder, in any order, without directories."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and (file := found(entry)) is not None:
                yield file


def listed(folder: int | Path) -> list[FoundFile]:
    """As `scanned`, sorted by name."""
    return sorted(scanned(folder), key=lambda file: file.name)


def found(entry: os.DirEntry[str]) -> FoundFile | None:
    """Facts of a file; None for a directory, or a file deleted since it was listed."""
    try:
        return as_found(entry.name, entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return None


def as_found(name: str, facts: os.stat_result) -> FoundFile | None:
    """Facts of a file from its `stat`; None for a directory."""
    if stat.S_ISDIR(facts.st_mode):
        return None
    modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return FoundFile(name=name, size=facts.st_size, modified_at=modified_at)


IDENTITY_FILE = "cache-id"
UNREADABLE = "unreadable"
"""Returned for a file without a valid identity; equal to no identity."""

_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n?")
_LONGEST = 64
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
"""Errors of file systems without hard links."""


def read_identity(private: Path) -> str | None:
    """Return the identity in the private folder; None if there is none. Raises OSError."""
    try:
        with opened(private) as folder:
            content = read_plain(IDENTITY_FILE, _LONGEST, folder=folder)
    except FileNotFoundError:
        return None
    if content is None:
        return UNREADABLE
    return content.decode("ascii").strip() if _UUID.fullmatch(content) else UNREADABLE


def write_identity(
    private: Path, identity: str, *, replace: bool, sync: Callable[[int], None] = os.fsync
) -> None:
    """Write it atomically and durably. Raises OSError; FileExistsError if there is one, unless `replace`."""
    unfinished = unfinished_name()
    with opened(private) as folder, opened(private, "tmp") as temporary:
        try:
            write_file(temporary, unfinished, f"{identity}\n".encode("ascii"), sync=sync)
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
