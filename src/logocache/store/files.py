"""Logos as files of one flat directory.

    <directory>/                    served by a web server, as it is
    ├── shopify_1f3a9c2e.png
    └── .logocache/                 private: mode 0700, hidden, never served
        ├── tmp/                    files that are being written
        ├── quarantine/<random>/    what `verify --repair` moved away
        └── variants/               resized copies: see `variants`

A file is written in tmp, synced, and then renamed: under its name it is whole or not there. Symbolic
links are never followed: they, and whatever else we did not write, are only listed, moved and removed.
"""

import errno
import hashlib
import io
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from logocache.model import NormalisedImage, StoredFile
from logocache.ports.store import DiskSpace, FoundFile, StagedFile
from logocache.store.names import check_name, file_name, promises
from logocache.store.permissions import is_directory, problems_of
from logocache.store.problems import directory_error, translated

SERVED_DIRECTORY_MODE = 0o755
SERVED_FILE_MODE = 0o644
"""For a web server of another user, whatever our umask is."""
PRIVATE_MODE = 0o700

READ_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Without following a link, and without waiting for the other end of a FIFO that somebody put there."""
NOT_A_PLAIN_FILE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENXIO})

Result = TypeVar("Result")


class FileStore:
    """Implements `ports.store.Store`. Raises DirectoryError wherever the directory lets it down."""

    def __init__(self, directory: Path, private: Path, *, sync: Callable[[int], None] = os.fsync) -> None:
        """`private` is a folder for our own use on the same file system; nothing is touched yet."""
        self._directory = directory
        self._private = private
        self._temporary = private / "tmp"
        self._quarantine = private / "quarantine"
        self._sync = sync

    @property
    def directory(self) -> Path:
        return self._directory

    def prepare(self) -> None:
        with translated(self._directory, f"the cache directory {self._directory} cannot be created"):
            if not self._directory.is_dir():
                self._directory.mkdir(parents=True, exist_ok=True)
                self._directory.chmod(SERVED_DIRECTORY_MODE)
        self._prepare_private()
        self.check_writable()

    def require(self) -> None:
        """As the port says. Whether files can be written there is not asked: reading must go on."""
        for folder in (self._directory, *self._private_folders()):
            with translated(self._directory, f"there is no usable cache in {self._directory}"):
                if not stat.S_ISDIR(folder.stat().st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, f"{folder.name} is a file")

    def check_writable(self) -> None:
        with translated(self._directory, f"the cache directory {self._directory} cannot be written"):
            for folder in (self._directory, *self._private_folders()):
                _check_writable(folder)

    def stage(self, key: str, image: NormalisedImage) -> StagedFile:
        """As the port says. A private folder that was deleted meanwhile is made again; the directory
        itself is not: when it is gone, a volume may be missing, and the disk below it is the wrong place.
        """
        name = file_name(key, image.sha256)
        path = self._temporary / f"{secrets.token_hex(8)}.part"
        if not is_directory(self._temporary) and is_directory(self._directory):
            self._prepare_private()
        try:
            self._write(path, image.png)
        except OSError as error:
            with suppress(OSError):  # what went wrong first is what to tell
                path.unlink()
            raise directory_error(error, self._directory, f"a logo cannot be written to {path}") from error
        file = StoredFile(
            name=name, sha256=image.sha256, size=len(image.png), width=image.width, height=image.height
        )
        return StagedFile(path=path, file=file)

    def commit(self, staged: StagedFile) -> None:
        target = self.path(staged.file.name)
        with translated(self._directory, f"the logo {target} cannot be put in place"):
            try:
                staged.path.replace(target)
            except FileNotFoundError:
                if self.sha256(target.name) != staged.file.sha256:
                    raise
            self._sync_directory()

    def discard(self, staged: StagedFile) -> None:
        with translated(self._directory, f"the temporary file {staged.path} cannot be removed"):
            staged.path.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        return self._directory / check_name(name)

    def read(self, name: str) -> bytes | None:
        """As the port says; None also for what is no plain file, such as a symbolic link."""
        return self._with_file(name, lambda file: file.read())

    def read_intact(self, name: str) -> bytes | None:
        content = self.read(name)
        if content is None or not promises(name, hashlib.sha256(content).hexdigest()):
            return None
        return content

    def sha256(self, name: str) -> str | None:
        """As `read`, without holding the file in memory."""
        return self._with_file(name, lambda file: hashlib.file_digest(file, "sha256").hexdigest())

    def delete(self, name: str) -> bool:
        return self._unlink(self.path(name))

    def files(self) -> Iterator[FoundFile]:
        """As the port says. Symbolic links and other strangers are listed too, directories are not."""
        return self._listed(self._directory)

    def leftovers(self, *, before: datetime) -> Iterator[FoundFile]:
        if is_directory(self._temporary):
            yield from (found for found in self._listed(self._temporary) if found.modified_at < before)

    def delete_leftover(self, name: str) -> bool:
        return self._unlink(self._temporary / check_name(name))

    def quarantine(self, name: str) -> bool:
        """As the port says, into a new folder each time, so that nothing there is ever overwritten."""
        source = self.path(name)
        with translated(self._directory, f"{source} cannot be moved to {self._quarantine}"):
            folder = self._quarantine / secrets.token_hex(4)
            folder.mkdir(mode=PRIVATE_MODE)
            try:
                source.rename(folder / name)
            except OSError as error:
                folder.rmdir()
                if error.errno == errno.ENOENT:
                    return False
                raise
        return True

    def permission_problems(self) -> Sequence[str]:
        names = (found.name for found in self.files())
        return problems_of(self._directory, self._private_folders(), names)

    def disk_space(self) -> DiskSpace:
        with translated(self._directory, f"the disk of {self._directory} cannot be looked at"):
            usage = shutil.disk_usage(self._directory)
        return DiskSpace(free_bytes=usage.free, total_bytes=usage.total)

    def _private_folders(self) -> tuple[Path, ...]:
        return self._private, self._temporary, self._quarantine

    def _prepare_private(self) -> None:
        with translated(self._directory, f"our own folder {self._private} cannot be created"):
            for folder in self._private_folders():
                folder.mkdir(mode=PRIVATE_MODE, exist_ok=True)

    def _write(self, path: Path, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), SERVED_FILE_MODE)
            self._sync(file.fileno())

    def _sync_directory(self) -> None:
        """Make the rename itself durable (fsync(2): "an explicit fsync on the directory is needed")."""
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._sync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network file systems cannot sync directories
                raise
        finally:
            os.close(descriptor)

    def _with_file(self, name: str, use: Callable[[io.BufferedReader], Result]) -> Result | None:
        path = self.path(name)
        with translated(self._directory, f"the logo {path} cannot be read"):
            try:
                descriptor = os.open(path, READ_FLAGS)
            except OSError as error:
                if error.errno in NOT_A_PLAIN_FILE:
                    return None
                raise
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    return use(file)
            finally:
                os.close(descriptor)

    def _unlink(self, path: Path) -> bool:
        with translated(self._directory, f"{path} cannot be deleted"):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
        return True

    def _listed(self, folder: Path) -> Iterator[FoundFile]:
        with translated(self._directory, f"the directory {folder} cannot be listed"):
            with os.scandir(folder) as entries:
                visible = sorted(
                    (each for each in entries if not each.name.startswith(".")), key=lambda each: each.name
                )
            found = [_found(entry) for entry in visible]
        yield from (each for each in found if each is not None)


def _found(entry: os.DirEntry[str]) -> FoundFile | None:
    """None for a directory, and for what was deleted since it was listed."""
    try:
        facts = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(facts.st_mode):
        return None
    modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return FoundFile(name=entry.name, size=facts.st_size, modified_at=modified_at)


def _check_writable(folder: Path) -> None:
    """Raise OSError unless files may be put into `folder`. Whether there is room, only writing shows."""
    if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return
    read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    number = errno.EROFS if read_only else errno.EACCES
    raise OSError(number, os.strerror(number))
