"""Variants of stored logos (other sizes and formats) in one private folder.

    .logocache/variants/
    ├── shopify_1f3a9c2e.128-webp.copy      a digest of 32 bytes, then the image
    ├── .<random>.part                      a variant that is being written
    └── .lock                               held while files are added or deleted

Variants can be derived again: they are renamed into place, but not synced. A file damaged by a power
failure has a wrong digest, and is ignored.
"""

import errno
import logging
import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from logocache.queries import Variant
from logocache.store.errors import translated
from logocache.store.folders import NOT_A_PLAIN_FILE, locked, opened, read_plain, unfinished_name, write_file
from logocache.store.names import belongs_to, is_picture, owner_of, variant_name, with_digest, without_digest

LARGEST_VARIANT = 2_000_000
"""Bytes of one file. Incompressible 512×512 RGBA has 1.05 million."""
MOST_OF_A_LOGO = 100
"""Variants of one logo: whoever asks for each of its sizes and colours evicts no variants of other logos."""
WRITE_WAIT = 0.1
"""Seconds to wait for the lock. A request is waiting, and the variant can be derived again."""
SHRINK_WAIT = 1.0
"""Seconds to wait for the lock. A new logo needs the room."""

_LOCK = ".lock"
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.part")
"""Names of our own unfinished files. Files of other names are left alone."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _VariantFile:
    name: str
    size: int
    changed_at: int
    """Modification time in nanoseconds since 1970: the least is the oldest."""


class FileVariants:
    """Variants of stored logos, limited in number.

    Safe to use from several threads and processes. Methods that take a file's name raise ValueError for a
    name that is not that of a stored logo.
    """

    def __init__(self, folder: Path, *, max_count: int) -> None:
        """`folder` is created with the first variant; its parent must exist."""
        self._folder = folder
        self._max_count = max_count

    def read(self, file: str, variant: Variant) -> bytes | None:
        """Return the variant of the stored file named `file`; None if there is none.

        A damaged variant is deleted, and counts as none.
        """
        name = variant_name(file, variant)
        try:
            with self._opened() as folder:
                content = read_plain(name, LARGEST_VARIANT, folder=folder)
                image = without_digest(file, variant, content or b"")
                if image is None:
                    _log.warning("variant.damaged", extra={"file": name})
                    with suppress(OSError):  # it is found damaged again
                        os.unlink(name, dir_fd=folder)
        except OSError as error:
            if error.errno not in NOT_A_PLAIN_FILE | {errno.ENOTDIR}:
                _log.warning("variant.unreadable", extra={"file": name, "reason": error.strerror})
            return None
        return image

    def write(self, file: str, variant: Variant, image: bytes, *, room: int) -> bool:
        """Store it atomically, so that all variants together take at most `room` bytes.

        Older variants are deleted to make room. False if it was not stored, because it is larger than
        the room or cannot be written; never raises for that, since it can be derived again.
        """
        name, content = variant_name(file, variant), with_digest(file, variant, image)
        owner = owner_of(file)
        if self._max_count < 1 or len(content) > min(room, LARGEST_VARIANT):
            return False
        try:
            with self._opened(make=True) as folder, _tidy(folder, WRITE_WAIT) as variants:
                _unlink(folder, name)
                ours = [other for other in variants if belongs_to(other.name) == owner and other.name != name]
                ours = _delete_oldest(folder, ours, room=room, count=MOST_OF_A_LOGO - 1)
                others = [*(other for other in variants if belongs_to(other.name) != owner), *ours]
                _delete_oldest(folder, others, room=room - len(content), count=self._max_count - 1)
                _write(folder, name, content)
        except OSError as error:
            _log.debug("variant.not_kept", extra={"file": name, "reason": str(error)})
            return False
        return True

    def forget(self, files: Collection[str]) -> None:
        """Delete all variants of these stored files. Names of other files are ignored.

        Raises:
            DirectoryError: a variant cannot be deleted.
        """
        owners = {owner_of(file) for file in files if is_picture(file)}
        if not owners:
            return
        with translated(self._folder.parent, f"variants in {self._folder} cannot be deleted"):
            try:
                with self._opened() as folder:
                    for found in _listed(folder):
                        if belongs_to(found.name) in owners:
                            _unlink(folder, found.name)
            except (FileNotFoundError, NotADirectoryError):
                return

    def shrink(self, room: int) -> None:
        """Delete unfinished files, and the oldest variants beyond `room` bytes or `max_count`.

        Failures are only logged: `size_bytes` tells what is left.
        """
        try:
            with self._opened() as folder, _tidy(folder, SHRINK_WAIT) as variants:
                _delete_oldest(folder, variants, room=room, count=self._max_count)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            _log.warning("variant.not_deleted", extra={"reason": str(error)})

    def size_bytes(self) -> int:
        """Bytes of all variants and unfinished files, as counted towards the size limit."""
        return sum(copy.size for copy in self._seen())

    def count(self) -> int:
        return len(self._seen())

    def _opened(self, *, make: bool = False) -> AbstractContextManager[int]:
        """Open our folder; with `make` it is created, but never its parent."""
        if make:
            with opened(self._folder.parent):  # must exist
                pass
        return opened(self._folder.parent, self._folder.name, make=make)

    def _seen(self) -> Sequence[_VariantFile]:
        """The files as far as they can be listed, for totals."""
        try:
            with self._opened() as folder:
                return _listed(folder)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            _log.warning("variant.unreadable", extra={"reason": str(error)})
            return ()


def _listed(folder: int) -> Sequence[_VariantFile]:
    """All files of ours in the open folder, unfinished ones too."""
    with os.scandir(folder) as entries:
        ours = (entry for entry in entries if belongs_to(entry.name) or _UNFINISHED.fullmatch(entry.name))
        found = [_found(entry) for entry in ours]
    return [file for file in found if file is not None]


@contextmanager
def _tidy(folder: int, seconds: float) -> Iterator[Sequence[_VariantFile]]:
    """Lock the folder, delete unfinished files, and yield the variants.

    Only the lock's holder writes, so unfinished files are left from a crash.
    """
    with locked(_LOCK, folder, seconds=seconds):
        variants = []
        for found in _listed(folder):
            if _UNFINISHED.fullmatch(found.name):
                _unlink(folder, found.name)
            else:
                variants.append(found)
        yield variants


def _delete_oldest(
    folder: int, variants: Sequence[_VariantFile], *, room: int, count: int
) -> list[_VariantFile]:
    """Delete the oldest until at most `count` remain, with at most `room` bytes; return these."""
    remaining = sorted(variants, key=lambda variant: (variant.changed_at, variant.name), reverse=True)
    size = sum(variant.size for variant in remaining)
    while remaining and (len(remaining) > count or size > room):
        oldest = remaining.pop()
        _unlink(folder, oldest.name)
        size -= oldest.size
    return remaining


def _unlink(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _write(folder: int, name: str, content: bytes) -> None:
    unfinished = f".{unfinished_name()}"
    try:
        write_file(folder, unfinished, content, sync=None)
        os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        _unlink(folder, unfinished)
        raise


def _found(entry: os.DirEntry[str]) -> _VariantFile | None:
    """Facts of a file; None for a directory, or a file deleted since it was listed."""
    try:
        facts = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(facts.st_mode):
        return None
    return _VariantFile(name=entry.name, size=facts.st_size, changed_at=facts.st_mtime_ns)
