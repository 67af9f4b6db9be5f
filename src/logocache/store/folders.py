"""Folders of our own, opened step by step: a link that somebody planted there leads nowhere."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
