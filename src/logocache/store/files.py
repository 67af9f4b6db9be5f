"""Logos as files of one flat directory.

    <directory>/                    served by a web server, as it is
    ├── shopify_1f3a9c2e.png
    └── .logocache/                 private: mode 0700, hidden, never served
        ├── cache-id                which cache the directory belongs to: see `identity`
        ├── tmp/                    files that are being written
        ├── quarantine/<random>/    what `verify --repair` moved away
        └── variants/               resized copies: see `variants`

A file is written in tmp, synced, and then renamed: under its name it is whole or not there. Symbolic
links are never followed: they, and whatever else we did not write, are only listed, moved and removed.
The directory itself may be a link, since operators do that; no folder of ours may, see `folders`.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from logocache.errors import DirectoryError
from logocache.model import FoundFile, StoredFile
from logocache.ports import NormalisedImage
from logocache.store.errors import check_writable, problems_of, translated
from logocache.store.folders import (
    IDENTITY_FILE,
    PRIVATE_MODE,
    DiskSpace,
    as_found,
    listed,
    opened,
    opened_directory,
    read_identity,
    refuse_links,
    write_identity,
)
from logocache.store.names import check_name, file_name, promises

SERVED_DIRECTORY_MODE = 0o755
SERVED_FILE_MODE = 0o644
"""For a web server of another user, whatever our umask is."""
TEMPORARY = "tmp"
QUARANTINE = "quarantine"
LARGEST_LOGO = 2_000_000
"""Bytes of the largest file that we write (`images.limits.LARGEST_PNG`). What is longer is not read."""
UNFINISHED = re.compile(r"[0-9a-f]{16}\.part")
"""What our own temporary files are called. No others are ever removed."""

READ_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Without following a link, and without waiting for the other end of a FIFO that somebody put there."""
NOT_A_PLAIN_FILE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENXIO})


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """A complete, synced temporary file, not yet under its name."""

    path: Path
    file: StoredFile


class FileStore:
    """The bytes. Names are flat; nothing outside the directory is ever touched.

    Raises DirectoryError wherever the directory lets it down. Safe to use from several threads.
    """

    def __init__(self, directory: Path, private: Path, *, sync: Callable[[int], None] = os.fsync) -> None:
        """`private` is a folder for our own use on the same file system; nothing is touched yet."""
        self._directory = directory
        self._private = private
        self._sync = sync
        self._unwritten = 0

    @property
    def directory(self) -> Path:
        """Where the files lie."""
        return self._directory

    def prepare(self) -> None:
        """Create the directory and its private folders. Raises `DirectoryError` when unusable."""
        with translated(self._directory, f"the cache directory {self._directory} cannot be created"):
            if not self._directory.is_dir():
                self._directory.mkdir(parents=True, exist_ok=True)
                self._directory.chmod(SERVED_DIRECTORY_MODE)
        self._prepare_private()
        self.check_writable()

    def require(self) -> None:
        """Raise `DirectoryError`, with the next step, unless `prepare` has been here.

        Whether files can be written there is not asked: reading must go on.
        """
        with translated(self._directory, f"there is no usable cache in {self._directory}"):
            if not stat.S_ISDIR(self._directory.stat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, f"{self._directory.name} is a file")
            for name in (TEMPORARY, QUARANTINE):
                with opened(self._private, name):
                    pass
            with opened(self._private) as folder:
                refuse_links(folder)

    def check_writable(self) -> None:
        """Raise `DirectoryError` unless files may be put there now.

        When the last file could not be written, one as large is tried: a full or a broken disk is
        noticed by writing alone.
        """
        size = self._unwritten
        with translated(self._directory, f"the cache directory {self._directory} cannot be written"):
            for folder in (self._directory, *self._private_folders()):
                check_writable(folder)
            if size:
                with opened(self._private, TEMPORARY) as temporary, self._noted(size):
                    self._write(temporary, name := _unfinished(), bytes(size))
                    os.unlink(name, dir_fd=temporary)
                    with opened_directory(self._directory) as directory:
                        self._sync_directory(directory)

    def identity(self) -> str | None:
        """The cache that the directory belongs to; None: to none yet. Raises `DirectoryError`."""
        problem = f"{self._private / IDENTITY_FILE} cannot be read"
        with translated(self._directory, problem):
            return read_identity(self._private)

    def set_identity(self, identity: str, *, replace: bool) -> bool:
        """Say, atomically, which cache it belongs to.

        False if it belongs to one already, and that is not to be replaced.
        """
        with translated(self._directory, f"{self._private / IDENTITY_FILE} cannot be written"):
            try:
                write_identity(self._private, identity, replace=replace, sync=self._sync)
            except FileExistsError:
                return False
        return True

    def stage(self, key: str, image: NormalisedImage) -> StagedFile:
        """Write and sync a temporary file. Raises ValueError for an image longer than any that we read.

        A folder for temporary files that was deleted meanwhile is made again; the
        private folder around it is not: when that is gone, a volume may be missing, and the disk below
        it is the wrong place.
        """
        name = file_name(key, image.sha256)
        if len(image.png) > LARGEST_LOGO:
            raise ValueError(f"a logo of {len(image.png)} bytes is longer than any that we read")
        unfinished = _unfinished()
        path = self._private / TEMPORARY / unfinished
        with (
            self._noted(len(image.png)),
            translated(self._directory, f"a logo cannot be written to {path}"),
        ):
            with opened(self._private):  # not there: nothing is made
                pass
            with opened(self._private, TEMPORARY, make=True) as folder:
                self._write(folder, unfinished, image.png)
        file = StoredFile(
            name=name, sha256=image.sha256, size=len(image.png), width=image.width, height=image.height
        )
        return StagedFile(path=path, file=file)

    def commit(self, staged: StagedFile) -> None:
        """Move it to its name, atomically. The same content already there is success."""
        target = self.path(staged.file.name)
        with (
            self._noted(staged.file.size),
            translated(self._directory, f"the logo {target} cannot be put in place"),
            opened_directory(self._directory) as directory,
        ):
            try:
                with opened(self._private, TEMPORARY) as folder:
                    os.rename(staged.path.name, target.name, src_dir_fd=folder, dst_dir_fd=directory)
            except FileNotFoundError:
                if self.sha256(target.name) != staged.file.sha256:
                    raise
            self._sync_directory(directory)

    def discard(self, staged: StagedFile) -> None:
        self._unlink_unfinished(staged.path.name)

    def path(self, name: str) -> Path:
        """Where a stored file lies. Raises ValueError for a name that could leave the directory."""
        return self._directory / check_name(name)

    def read(self, name: str) -> bytes | None:
        """Its bytes; None when it is gone, longer than any that we write, or no plain file (a link)."""
        path = self.path(name)
        with translated(self._directory, f"the logo {path} cannot be read"):
            try:
                descriptor = os.open(path, READ_FLAGS)
            except OSError as error:
                if error.errno in NOT_A_PLAIN_FILE:
                    return None
                raise
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_LOGO:
                    return None
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    content = file.read(LARGEST_LOGO + 1)
            finally:
                os.close(descriptor)
        return content if len(content) <= LARGEST_LOGO else None

    def read_intact(self, name: str) -> bytes | None:
        """As `read`; None also when the content is not the one that a name of ours promises."""
        content = self.read(name)
        if content is None or not promises(name, hashlib.sha256(content).hexdigest()):
            return None
        return content

    def sha256(self, name: str) -> str | None:
        """The digest of its bytes; None as `read`."""
        content = self.read(name)
        return hashlib.sha256(content).hexdigest() if content is not None else None

    def look(self, name: str) -> FoundFile | None:
        """What lies under that name, a link too; None for nothing, and for a directory."""
        path = self.path(name)
        with translated(self._directory, f"the logo {path} cannot be looked at"):
            try:
                return as_found(name, path.lstat())
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> bool:
        """Whether it was there. Absence is not an error."""
        path = self.path(name)
        with translated(self._directory, f"{path} cannot be deleted"):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
        return True

    def files(self) -> Iterator[FoundFile]:
        """Every visible file, in order of name; symbolic links and other strangers too, no directories."""
        with translated(self._directory, f"the directory {self._directory} cannot be listed"):
            yield from listed(self._directory)

    def leftovers(self, *, before: datetime) -> Iterator[FoundFile]:
        """Temporary files last changed before then: what a crash left behind.

        Files of other names are somebody else's, and are left out.
        """
        folder = self._private / TEMPORARY
        with translated(self._directory, f"the directory {folder} cannot be listed"):
            try:
                with opened(self._private, TEMPORARY) as descriptor:
                    leftovers = listed(descriptor)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                return
        for found in leftovers:
            if UNFINISHED.fullmatch(found.name) and found.modified_at < before:
                yield found

    def delete_leftover(self, name: str) -> bool:
        check_name(name)
        return bool(UNFINISHED.fullmatch(name)) and self._unlink_unfinished(name)

    def quarantine(self, name: str) -> bool:
        """Move a file out of the served directory, into a private folder; False for none.

        That folder is a new one each time, so that nothing there is ever overwritten.
        """
        source = self.path(name)
        fresh = secrets.token_hex(4)
        with (
            translated(self._directory, f"{source} cannot be moved to {self._private / QUARANTINE}"),
            opened(self._private, QUARANTINE) as outer,
            opened_directory(self._directory) as directory,
        ):
            os.mkdir(fresh, PRIVATE_MODE, dir_fd=outer)
            try:
                with opened(self._private, QUARANTINE, fresh) as folder:
                    os.rename(name, name, src_dir_fd=directory, dst_dir_fd=folder)
            except OSError as error:
                os.rmdir(fresh, dir_fd=outer)
                if error.errno == errno.ENOENT:
                    return False
                raise
        return True

    def permission_problems(self) -> Sequence[str]:
        """What the directory does not let us do, one line each; empty when all is well."""
        names = (found.name for found in self.files())
        return problems_of(self._directory, self._private_folders(), names)

    def disk_space(self) -> DiskSpace:
        with translated(self._directory, f"the disk of {self._directory} cannot be looked at"):
            usage = shutil.disk_usage(self._directory)
        return DiskSpace(free_bytes=usage.free, total_bytes=usage.total)

    def _private_folders(self) -> tuple[Path, ...]:
        return self._private, self._private / TEMPORARY, self._private / QUARANTINE

    def _prepare_private(self) -> None:
        with translated(self._directory, f"our own folder {self._private} cannot be created"):
            for name in (TEMPORARY, QUARANTINE):
                with opened(self._private, name, make=True):
                    pass
            with opened(self._private) as folder:
                refuse_links(folder)

    @contextmanager
    def _noted(self, size: int) -> Iterator[None]:
        """Remember that `size` bytes could not be written, until something is."""
        try:
            yield
        except (OSError, DirectoryError):
            self._unwritten = max(size, 1)
            raise
        self._unwritten = 0

    def _write(self, folder: int, name: str, content: bytes) -> None:
        """A new file in the open folder, synced; none, when that fails."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), SERVED_FILE_MODE)
                self._sync(file.fileno())
        except OSError:
            with suppress(OSError):  # what went wrong first is what to tell
                os.unlink(name, dir_fd=folder)
            raise

    def _sync_directory(self, descriptor: int) -> None:
        """Make the rename itself durable (fsync(2): "an explicit fsync on the directory is needed")."""
        try:
            self._sync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network file systems cannot sync directories
                raise

    def _unlink_unfinished(self, name: str) -> bool:
        path = self._private / TEMPORARY / name
        with translated(self._directory, f"the temporary file {path} cannot be removed"):
            try:
                with opened(self._private, TEMPORARY) as folder:
                    os.unlink(name, dir_fd=folder)
            except FileNotFoundError:
                return False
        return True


def _unfinished() -> str:
    return f"{secrets.token_hex(8)}.part"
