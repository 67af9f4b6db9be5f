"""What lies in a folder, and the room on its disk."""

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from logocache.model import FoundFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    free_bytes: int
    total_bytes: int


def listed(folder: int | Path) -> list[FoundFile]:
    """What lies visibly in the folder, in order of name, without directories."""
    with os.scandir(folder) as entries:
        files = [found(entry) for entry in entries if not entry.name.startswith(".")]
    return sorted((each for each in files if each is not None), key=lambda each: each.name)


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
