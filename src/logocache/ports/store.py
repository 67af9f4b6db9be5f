"""What may be asked of the files.

Called from several threads at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from logocache.model import NormalisedImage, StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """A complete, synced temporary file, not yet under its name."""

    path: Path
    file: StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file that lies in the cache directory."""

    name: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    free_bytes: int
    total_bytes: int


class Store(Protocol):
    """The bytes. Names are flat; nothing outside its directory is ever touched."""

    @property
    def directory(self) -> Path:
        """Where the files lie."""
        ...

    def prepare(self) -> None:
        """Create the directory and its private folders. Raises `DirectoryError` when unusable."""
        ...

    def require(self) -> None:
        """Raise `DirectoryError`, with the next step, unless `prepare` has been here."""
        ...

    def check_writable(self) -> None:
        """Raise `DirectoryError` unless files may be put there now.

        When the last file could not be written, one as large is tried: a full or a broken disk is
        noticed by writing alone.
        """
        ...

    def identity(self) -> str | None:
        """The cache that the directory belongs to; None: to none yet. Raises `DirectoryError`."""
        ...

    def set_identity(self, identity: str, *, replace: bool) -> bool:
        """Say, atomically, which cache it belongs to.

        False if it belongs to one already, and that is not to be replaced.
        """
        ...

    def stage(self, key: str, image: NormalisedImage) -> StagedFile:
        """Write and sync a temporary file. Raises `DirectoryError`, such as for a full disk.

        Raises ValueError for an image longer than any that we read.
        """
        ...

    def commit(self, staged: StagedFile) -> None:
        """Move it to its name, atomically. The same content already there is success."""
        ...

    def discard(self, staged: StagedFile) -> None: ...

    def path(self, name: str) -> Path:
        """Where a stored file lies. Raises ValueError for a name that could leave the directory."""
        ...

    def read(self, name: str) -> bytes | None:
        """Its bytes; None when it is gone, or longer than any file that we have written."""
        ...

    def read_intact(self, name: str) -> bytes | None:
        """As `read`; None also when the content is not the one that a name of ours promises."""
        ...

    def sha256(self, name: str) -> str | None:
        """The digest of its bytes; None as `read`."""
        ...

    def look(self, name: str) -> FoundFile | None:
        """What lies under that name, a link too; None for nothing, and for a directory."""
        ...

    def delete(self, name: str) -> bool:
        """Whether it was there. Absence is not an error."""
        ...

    def files(self) -> Iterator[FoundFile]:
        """Every plain, visible file in the directory, in order of name."""
        ...

    def leftovers(self, *, before: datetime) -> Iterator[FoundFile]:
        """Temporary files last changed before then: what a crash left behind."""
        ...

    def delete_leftover(self, name: str) -> bool: ...

    def quarantine(self, name: str) -> bool:
        """Move a file that is not ours out of the served directory, into a private folder."""
        ...

    def permission_problems(self) -> Sequence[str]:
        """What the directory does not let us do, one line each; empty when all is well."""
        ...

    def disk_space(self) -> DiskSpace: ...
