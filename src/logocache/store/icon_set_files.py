"""Icon sets that were fetched or added, in one private folder.

    .logocache/iconsets/
    ├── state.json                    what is known of each set
    ├── logos_1f3a9c2e5b7d9f01.json   a set in Iconify's format: its name, and the digest of its content
    ├── <random>.part                 a file that is being written
    └── .lock                         held while any of this changes

A new version of a set is written under another name; then `state.json`, which names it, is replaced. So a
set is complete or absent, and a reader that found the old name reads the old set, or none.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from logocache.store.errors import translated
from logocache.store.folders import NOT_A_PLAIN_FILE, locked, opened, read_plain, unfinished_name, write_file

LARGEST_SET = 50_000_000
"""Bytes. The largest published set has about 40 MB."""
LARGEST_STATE = 1_000_000

WHEN_USED = ConfigDict(frozen=True, defer_build=True)
"""Models are built when first used: `list` and `stats` need none."""

_FOLDER = "iconsets"
_STATE = "state.json"
_LOCK = ".lock"
_PART = re.compile(r"[0-9a-f]{16}\.part")

_log = logging.getLogger(__name__)


class KeptSet(BaseModel):
    """What is known of one set."""

    model_config = WHEN_USED

    file: Annotated[str | None, Field(pattern=r"^[a-z0-9-]+_[0-9a-f]{16}\.json$")] = None
    """None if there is none: it was removed, or could not be fetched yet."""
    size: int = 0
    icons: int = 0
    title: str | None = None
    author: str | None = None
    licence: str | None = None
    version: str | None = None
    source: str = ""
    """The URL, file or folder that it was last asked from."""
    etag: str | None = None
    last_modified: str | None = None
    fetched_at: AwareDatetime | None = None
    checked_at: AwareDatetime | None = None
    """When the source last sent or confirmed it."""
    next_check_at: AwareDatetime | None = None
    """None: never, because it is from a file."""
    failures: int = 0
    problem: str | None = None
    """Why the last attempt failed."""
    is_added: bool = False
    """Added by command: used even if no setting names it."""
    is_removed: bool = False
    """Removed by command: neither used nor fetched, even if a setting names it."""


class IconSetState(BaseModel):
    """The content of `state.json`."""

    model_config = WHEN_USED

    sets: Mapping[str, KeptSet] = {}
    offered: tuple[str, ...] = ()
    """Sets, in their versions, that entries without a logo were offered."""

    def with_set(self, name: str, kept: KeptSet) -> "IconSetState":
        return self.model_copy(update={"sets": {**self.sets, name: kept}})

    def without_set(self, name: str) -> "IconSetState":
        others = {other: kept for other, kept in self.sets.items() if other != name}
        return self.model_copy(update={"sets": others})

    def names(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """The sets to use: those `wanted` by the settings, then those added, without those removed."""
        added = (name for name, kept in self.sets.items() if kept.is_added)
        return tuple(
            name
            for name in dict.fromkeys((*wanted, *added))
            if name not in self.sets or not self.sets[name].is_removed
        )

    def files(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """The names of the files of the sets to use, as far as they have one."""
        kept = (self.sets[name].file for name in self.names(wanted) if name in self.sets)
        return tuple(file for file in kept if file is not None)


class IconSetFiles:
    """The folder. Safe to use from several threads and processes."""

    def __init__(self, private: Path) -> None:
        """`private` is `.logocache`."""
        self._private = private
        self._folder = private / _FOLDER

    def state(self) -> IconSetState:
        """What is known; nothing if `state.json` is missing or damaged."""
        try:
            with opened(self._private, _FOLDER) as folder:
                content = read_plain(_STATE, LARGEST_STATE, folder=folder)
            return IconSetState.model_validate_json(content or b"")
        except (OSError, ValidationError) as error:
            if not isinstance(error, OSError) or error.errno not in NOT_A_PLAIN_FILE:
                _log.warning("icon_sets.unreadable", extra={"file": str(self._folder / _STATE)})
            return IconSetState()

    def paths(self, wanted: tuple[str, ...]) -> tuple[Path, ...]:
        """The files of the sets to use, as far as they have one."""
        return tuple(self._folder / file for file in self.state().files(wanted))

    def is_intact(self, kept: KeptSet) -> bool:
        """True if its file is there, in its full length."""
        try:
            return kept.file is not None and (self._folder / kept.file).lstat().st_size == kept.size
        except OSError:
            return False

    @contextmanager
    def changing(self, *, seconds: float) -> "Iterator[IconSetChange | None]":
        """Hold the lock, so that what is read stays true until it is replaced.

        None if another process holds it for all of `seconds`. Raises DirectoryError if the folder cannot be
        used, also for an OSError within the block.
        """
        with (
            translated(self._private.parent, f"icon sets cannot be kept in {self._folder}"),
            opened(self._private, _FOLDER, make=True) as folder,
            ExitStack() as lock,
        ):
            try:
                lock.enter_context(locked(_LOCK, folder, seconds=seconds))
            except TimeoutError:
                yield None
            else:
                yield IconSetChange(folder, self.state())


class IconSetChange:
    """Changes the folder, while the lock is held. Methods raise OSError."""

    def __init__(self, folder: int, state: IconSetState) -> None:
        self._folder = folder
        self.state = state

    def write(self, name: str, content: bytes) -> str:
        """Write the set, under a name that no reader knows yet; return that name."""
        file = f"{name}_{hashlib.sha256(content).hexdigest()[:16]}.json"
        self._replace(file, content)
        return file

    def save(self, state: IconSetState) -> None:
        """Make `state` the known one; then delete the files that only the earlier one names."""
        self._replace(_STATE, state.model_dump_json(indent=1, exclude_defaults=True).encode() + b"\n")
        gone = _files_of(self.state) - _files_of(state)
        self.state = state
        with os.scandir(self._folder) as entries:
            unneeded = [entry.name for entry in entries if entry.name in gone or _PART.fullmatch(entry.name)]
        for name in unneeded:
            os.unlink(name, dir_fd=self._folder)

    def _replace(self, name: str, content: bytes) -> None:
        unfinished = unfinished_name()
        write_file(self._folder, unfinished, content, sync=os.fsync)
        os.rename(unfinished, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)


def _files_of(state: IconSetState) -> set[str]:
    return {kept.file for kept in state.sets.values() if kept.file is not None}
