"""Resized copies, kept as files of one private folder.

    .logocache/variants/
    ├── shopify_1f3a9c2e.128-webp.copy      a digest of 32 bytes, then the image
    ├── .<random>.part                      a copy that is being written
    └── .lock                               held by whoever adds or takes away

The folder is ours alone, and all in it can be made again: a copy is renamed into place, so that it
is whole or not there, but it is not synced. What a power cut leaves of it has the wrong digest, and
is not taken for a copy.
"""

import errno
import logging
import os
import re
import secrets
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from logocache.queries import Variant
from logocache.store.errors import translated
from logocache.store.files import NOT_A_PLAIN_FILE, READ_FLAGS
from logocache.store.folders import locked, opened
from logocache.store.names import belongs_to, copy_name, is_ours, owner_of, sealed, unsealed

LARGEST_COPY = 2_000_000
"""Bytes of one file. 512×512 RGBA that does not compress at all has 1.05 million."""
KEEPING_WAITS = 0.1
"""Seconds for the lock. A request waits for it, and the copy can be made again."""
SHRINKING_WAITS = 1.0
"""Seconds for the lock. What waits is a new logo that needs the room."""

_LOCK = ".lock"
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.part")
"""What our own unfinished files are called. Files of other names are nobody's copies: they are left alone."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    name: str
    size: int
    age: int
    """Its time of change, in nanoseconds since 1970: the least is the oldest."""


class FileVariants:
    """Resized copies of stored logos, at most so many, each belonging to one file of the store.

    Safe to use from several threads and processes. Methods that take a file's name raise ValueError for a
    name that no stored logo has.
    """

    def __init__(self, folder: Path, *, max_count: int) -> None:
        """`folder` is made when the first copy is kept; the folder that it lies in must be there."""
        self._folder = folder
        self._max_count = max_count

    def read(self, file: str, variant: Variant) -> bytes | None:
        """The copy of the stored file named `file`; None when there is none, or it is damaged.

        A damaged copy is deleted, so that a good one can take its place.
        """
        name = copy_name(file, variant)
        try:
            with self._opened() as folder:
                body = unsealed(file, variant, _read(folder, name))
                if body is None:
                    _log.warning("variant.damaged", extra={"file": name})
                    with suppress(OSError):  # it is read as damaged again
                        os.unlink(name, dir_fd=folder)
        except OSError as error:
            if error.errno not in NOT_A_PLAIN_FILE | {errno.ENOTDIR}:
                _log.warning("variant.unreadable", extra={"file": name, "reason": error.strerror})
            return None
        return body

    def keep(self, file: str, variant: Variant, body: bytes, *, room: int) -> bool:
        """Write it atomically, as long as all copies together then take at most `room` bytes.

        Older copies go to make room. False when it was not kept: larger than the room, or the disk
        would not have it. Never raises for the disk: a copy that is not kept is made again.
        """
        name, content = copy_name(file, variant), sealed(file, variant, body)
        if self._max_count < 1 or len(content) > min(room, LARGEST_COPY):
            return False
        try:
            with self._opened(make=True) as folder, _tidy(folder, KEEPING_WAITS) as copies:
                others = [copy for copy in copies if copy.name != name]
                _unlink(folder, name)
                _delete_oldest(folder, others, room=room - len(content), count=self._max_count - 1)
                _write(folder, name, content)
        except OSError as error:
            _log.debug("variant.not_kept", extra={"file": name, "reason": str(error)})
            return False
        return True

    def forget(self, files: Collection[str]) -> None:
        """Delete all copies of these stored files.

        Names that no stored logo has are passed over: they have no copies.

        Raises:
            DirectoryError: a copy is there, and cannot be deleted.
        """
        owners = {owner_of(file) for file in files if is_ours(file)}
        if not owners:
            return
        with translated(self._folder.parent, f"resized copies in {self._folder} cannot be deleted"):
            try:
                with self._opened() as folder:
                    for copy in _copies(folder):
                        if belongs_to(copy.name) in owners:
                            _unlink(folder, copy.name)
            except (FileNotFoundError, NotADirectoryError):
                return

    def shrink(self, room: int) -> None:
        """Delete the oldest copies until all together take at most `room` bytes (0: all of them).

        As many as `max_count` may stay, and nothing that a crash left behind.

        Where the disk, or another process, does not let us, the copies stay: see `size_bytes`.
        """
        try:
            with self._opened() as folder, _tidy(folder, SHRINKING_WAITS) as copies:
                _delete_oldest(folder, copies, room=room, count=self._max_count)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            _log.warning("variant.not_deleted", extra={"reason": str(error)})

    def size_bytes(self) -> int:
        """Bytes of all copies, with digests and unfinished files: what they take of the size limit."""
        return sum(copy.size for copy in self._seen())

    def count(self) -> int:
        return len(self._seen())

    def _opened(self, *, make: bool = False) -> AbstractContextManager[int]:
        """Our folder; only itself is made, never the private one around it."""
        if make:
            with opened(self._folder.parent):  # not there: nothing is made
                pass
        return opened(self._folder.parent, self._folder.name, make=make)

    def _seen(self) -> Sequence[_Copy]:
        """For figures: what cannot be looked at is not there."""
        try:
            with self._opened() as folder:
                return _copies(folder)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            _log.warning("variant.unreadable", extra={"reason": str(error)})
            return ()


def _copies(folder: int) -> Sequence[_Copy]:
    """All files of ours in the open folder, unfinished ones too."""
    with os.scandir(folder) as entries:
        ours = (each for each in entries if belongs_to(each.name) or _UNFINISHED.fullmatch(each.name))
        found = [_found(entry) for entry in ours]
    return [copy for copy in found if copy is not None]


@contextmanager
def _tidy(folder: int, seconds: float) -> Iterator[Sequence[_Copy]]:
    """The copies, for the caller alone, until the block ends.

    Only the lock's holder writes: an unfinished file that lies here now is what a crash left.
    """
    with locked(_LOCK, folder, seconds=seconds):
        copies = _copies(folder)
        for copy in copies:
            if _UNFINISHED.fullmatch(copy.name):
                _unlink(folder, copy.name)
        yield [copy for copy in copies if not _UNFINISHED.fullmatch(copy.name)]


def _delete_oldest(folder: int, copies: Sequence[_Copy], *, room: int, count: int) -> None:
    """Delete until all that remain take at most `room` bytes and are at most `count`."""
    remaining, size = len(copies), sum(copy.size for copy in copies)
    if remaining <= count and size <= room:
        return
    for copy in sorted(copies, key=lambda copy: (copy.age, copy.name)):
        if remaining <= count and size <= room:
            return
        _unlink(folder, copy.name)
        remaining, size = remaining - 1, size - copy.size


def _unlink(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _write(folder: int, name: str, content: bytes) -> None:
    unfinished = f".{secrets.token_hex(8)}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(unfinished, flags, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
        os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        _unlink(folder, unfinished)
        raise


def _found(entry: os.DirEntry[str]) -> _Copy | None:
    """None for a directory, and for what was deleted since it was listed."""
    try:
        facts = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(facts.st_mode):
        return None
    return _Copy(name=entry.name, size=facts.st_size, age=facts.st_mtime_ns)


def _read(folder: int, name: str) -> bytes:
    """The content, or a little more than a copy may have: then it is none."""
    descriptor = os.open(name, READ_FLAGS, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST_COPY + 1)
    finally:
        os.close(descriptor)
