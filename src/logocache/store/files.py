"""Logos as files of one flat directory.

    <directory>/                    served by a web server, as it is
    ├── shopify_1f3a9c2e.png
    └── .logocache/                 private: mode 0700, hidden, never served
        ├── cache-id                identity of the cache that owns the directory
        ├── tmp/                    files that are being written
        ├── quarantine/<random>/    files moved away by `verify --repair`
        └── variants/               derived images: see `variants`

A file is written in tmp, synced, and renamed, so it is complete or absent. Symbolic links and other
foreign files are never followed, only listed, moved and deleted. The directory itself may be a link,
as set up by the operator; our own folders may not, see `folders`.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from logocache.errors import DirectoryError
from logocache.model import FoundFile, StoredForm
from logocache.store.digests import LARGEST_LOGO, Differing, Expected, differing_in_batches
from logocache.store.errors import check_writable, problems_of, translated
from logocache.store.folders import (
    IDENTITY_FILE,
    PRIVATE_MODE,
    DiskSpace,
    as_found,
    listed,
    opened,
    opened_directory,
    opened_in,
    read_identity,
    read_regular,
    refuse_links,
    scanned,
    sync_directory,
    unfinished_name,
    write_file,
    write_identity,
)
from logocache.store.names import SUFFIX, check_name, file_name, promises

SERVED_DIRECTORY_MODE = 0o755
SERVED_FILE_MODE = 0o644
"""Readable for a web server of another user, whatever our umask."""
TEMPORARY = "tmp"
QUARANTINE = "quarantine"
UNFINISHED = re.compile(r"[0-9a-f]{16}\.part")
"""Names of our own temporary files. No others are ever deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """A complete, synced temporary file, not yet renamed."""

    path: Path
    file: StoredForm


class FileStore:
    """Files by flat name; nothing outside the directory is ever touched.

    Methods raise DirectoryError for any failure of the directory. Safe to use from several threads.
    """

    def __init__(
        self,
        directory: Path,
        private: Path,
        *,
        sync: Callable[[int], None] = os.fsync,
        processors: Callable[[], int] = lambda: 1,
    ) -> None:
        """`private` is a folder for our own use on the same file system. Does no I/O."""
        self.directory = directory
        self._private = private
        self._sync = sync
        self._processors = processors
        self._unwritten = 0

    def prepare(self) -> None:
        """Create the directory and its private folders."""
        with translated(self.directory, f"the cache directory {self.directory} cannot be created"):
            if not self.directory.is_dir():
                self.directory.mkdir(parents=True, exist_ok=True)
                self.directory.chmod(SERVED_DIRECTORY_MODE)
        with translated(self.directory, f"our own folder {self._private} cannot be created"):
            self._open_private(make=True)
        self.check_writable()

    def require(self) -> None:
        """Raise `DirectoryError` unless the directory was prepared. Need not be writable."""
        with translated(self.directory, f"there is no usable cache in {self.directory}"):
            if not stat.S_ISDIR(self.directory.stat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, f"{self.directory.name} is a file")
            self._open_private(make=False)

    def check_writable(self) -> None:
        """Raise `DirectoryError` unless files can be written now.

        If the last file could not be written, a temporary one of its size is tried, since only writing
        shows a full or broken disk.
        """
        with translated(self.directory, f"the cache directory {self.directory} cannot be written"):
            for folder in (self.directory, *self._private_folders()):
                check_writable(folder)
            if size := self._unwritten:
                with opened(self._private, TEMPORARY) as temporary, self._noted(size):
                    write_file(temporary, name := unfinished_name(), bytes(size), sync=self._sync)
                    os.unlink(name, dir_fd=temporary)
                    with opened_directory(self.directory) as directory:
                        sync_directory(directory, self._sync)

    def identity(self) -> str | None:
        """Return the identity of the cache that owns the directory; None if there is none yet."""
        with translated(self.directory, f"{self._private / IDENTITY_FILE} cannot be read"):
            return read_identity(self._private)

    def set_identity(self, identity: str, *, replace: bool) -> bool:
        """Store the identity atomically; False if there is one already, unless `replace`."""
        with translated(self.directory, f"{self._private / IDENTITY_FILE} cannot be written"):
            try:
                write_identity(self._private, identity, replace=replace, sync=self._sync)
            except FileExistsError:
                return False
        return True

    def stage(self, key: str, content: bytes, suffix: str = SUFFIX) -> StagedFile:
        """Write and sync a temporary file. Raises ValueError for one over `LARGEST_LOGO`.

        `suffix` tells the form of the logo. A deleted folder `tmp` is created again, but not the private
        folder: if that is missing, a volume may not be mounted, and the disk below is the wrong place.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        file = StoredForm(name=file_name(key, sha256, suffix), sha256=sha256, size=len(content))
        if file.size > LARGEST_LOGO:
            raise ValueError(f"a logo of {file.size} bytes is longer than any that we read")
        unfinished = unfinished_name()
        path = self._private / TEMPORARY / unfinished
        with (
            self._noted(file.size),
            translated(self.directory, f"a logo cannot be written to {path}"),
            opened(self._private) as private,
            opened_in(private, TEMPORARY) as folder,
        ):
            write_file(folder, unfinished, content, mode=SERVED_FILE_MODE, sync=self._sync)
        return StagedFile(path=path, file=file)

    def commit(self, batch: Sequence[StagedFile]) -> None:
        """Rename them atomically to their names, durably: with one sync of the directory.

        The same content under a name is a success. After an error some may have been renamed.
        """
        with (
            self._noted(max((staged.file.size for staged in batch), default=0)),
            translated(self.directory, f"logos cannot be put in place in {self.directory}"),
            opened_directory(self.directory) as directory,
            opened(self._private, TEMPORARY) as folder,
        ):
            for staged in batch:
                target = self.path(staged.file.name)
                with translated(self.directory, f"the logo {target} cannot be put in place"):
                    try:
                        os.rename(staged.path.name, target.name, src_dir_fd=folder, dst_dir_fd=directory)
                    except FileNotFoundError:
                        if self.sha256(target.name) != staged.file.sha256:
                            raise
            sync_directory(directory, self._sync)

    def discard(self, staged: StagedFile) -> None:
        self._unlink_unfinished(staged.path.name)

    def path(self, name: str) -> Path:
        """Return the path of a stored file. Raises ValueError for a name that could leave the directory."""
        return self.directory / check_name(name)

    def read(self, name: str) -> bytes | None:
        """Return its bytes; None if it is missing, over `LARGEST_LOGO`, or not a regular file (a link)."""
        path = self.path(name)
        with translated(self.directory, f"the logo {path} cannot be read"):
            return read_regular(path, LARGEST_LOGO)

    def read_intact(self, name: str) -> bytes | None:
        """As `read`; None also if the content does not match the digest in the name."""
        content = self.read(name)
        is_intact = content is not None and promises(name, hashlib.sha256(content).hexdigest())
        return content if is_intact else None

    def sha256(self, name: str) -> str | None:
        """Return the SHA-256 of its bytes; None as `read`."""
        content = self.read(name)
        return hashlib.sha256(content).hexdigest() if content is not None else None

    def differing(self, batches: Iterable[Sequence[Expected]]) -> Iterator[Differing]:
        """Yield, for each batch in any order, its number and the positions of files that are not as expected.

        Each file is read once, and no more of it than its expected size; large caches are read by several
        processes.
        """
        with translated(self.directory, f"the directory {self.directory} cannot be read"):
            yield from differing_in_batches(self.directory, batches, processors=self._processors)

    def look(self, name: str) -> FoundFile | None:
        """Return the facts of the file or link of that name; None for a directory, or nothing."""
        path = self.path(name)
        with translated(self.directory, f"the logo {path} cannot be looked at"):
            try:
                return as_found(name, path.lstat())
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> bool:
        """Delete it; False if it did not exist."""
        path = self.path(name)
        with translated(self.directory, f"{path} cannot be deleted"):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
        return True

    def files(self) -> Iterator[FoundFile]:
        """Yield all visible files, sorted by name, including links and other foreign files."""
        with translated(self.directory, f"the directory {self.directory} cannot be listed"):
            yield from listed(self.directory)

    def scan(self) -> Iterator[FoundFile]:
        """As `files`, one after the other as the directory has them: for directories of any size."""
        with translated(self.directory, f"the directory {self.directory} cannot be listed"):
            yield from scanned(self.directory)

    def leftovers(self, *, before: datetime) -> Iterator[FoundFile]:
        """Yield our own temporary files last changed before then, which a crash left behind."""
        folder = self._private / TEMPORARY
        with translated(self.directory, f"the directory {folder} cannot be listed"):
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
        """Move a file to a new folder in quarantine; False if it does not exist."""
        source = self.path(name)
        fresh = secrets.token_hex(4)
        with (
            translated(self.directory, f"{source} cannot be moved to {self._private / QUARANTINE}"),
            opened(self._private, QUARANTINE) as outer,
            opened_directory(self.directory) as directory,
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
        """Return one line for each permission problem; empty if there is none."""
        return problems_of(self.directory, self._private_folders(), (found.name for found in self.scan()))

    def disk_space(self) -> DiskSpace:
        with translated(self.directory, f"the disk of {self.directory} cannot be looked at"):
            usage = shutil.disk_usage(self.directory)
        return DiskSpace(free_bytes=usage.free, total_bytes=usage.total)

    def _private_folders(self) -> tuple[Path, ...]:
        return self._private, self._private / TEMPORARY, self._private / QUARANTINE

    def _open_private(self, *, make: bool) -> None:
        """Check the private folders, and with `make` create them. Raises OSError."""
        for name in (TEMPORARY, QUARANTINE):
            with opened(self._private, name, make=make):
                pass
        with opened(self._private) as folder:
            refuse_links(folder)

    @contextmanager
    def _noted(self, size: int) -> Iterator[None]:
        """Remember a failed write of `size` bytes, until a write succeeds."""
        try:
            yield
        except (OSError, DirectoryError):
            self._unwritten = max(size, 1)
            raise
        self._unwritten = 0

    def _unlink_unfinished(self, name: str) -> bool:
        path = self._private / TEMPORARY / name
        with translated(self.directory, f"the temporary file {path} cannot be removed"):
            try:
                with opened(self._private, TEMPORARY) as folder:
                    os.unlink(name, dir_fd=folder)
            except FileNotFoundError:
                return False
        return True
