"""What the operating system says about the cache directory → what a person can do about it."""

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logocache.errors import DirectoryError
from logocache.store.folders import PlantedError

ELSEWHERE = "name another directory with LOGO_CACHE_DIR"


@contextmanager
def translated(directory: Path, problem: str) -> Iterator[None]:
    """Turns an OSError inside into a DirectoryError: `problem`, the reason, and what to do."""
    try:
        yield
    except OSError as error:
        raise directory_error(error, directory, problem) from error


def directory_error(error: OSError, directory: Path, problem: str) -> DirectoryError:
    """The error for people; `problem` says what could not be done."""
    reason = error.strerror or str(error)
    if isinstance(error, PlantedError):
        return DirectoryError(
            f"{problem} ({reason})",
            hint=f"look who put it into {directory}, and remove it; `logocache init` makes what is missing",
        )
    return DirectoryError(f"{problem} ({reason.lower()})", hint=hint_for(error, directory))


def hint_for(error: OSError, directory: Path) -> str:
    """What to type, or to look at, next."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"free some space on the disk of {directory}, or {ELSEWHERE}"
        case errno.EROFS:
            return f"mount the file system of {directory} writable, or {ELSEWHERE}"
        case errno.EACCES | errno.EPERM:
            return permission_hint(directory)
        case errno.EEXIST | errno.ENOTDIR:
            return f"something in the path of {directory} is a file; move it away, or {ELSEWHERE}"
        case errno.ENOENT:
            return "run `logocache init` to create it; if a volume belongs there, mount it first"
        case errno.EXDEV:
            return f"{directory} and its folder .logocache must be on one file system"
        case _:
            return f"look at {directory}, or {ELSEWHERE}"


def permission_hint(directory: Path) -> str:
    """The command that gives `directory` to the user who runs us."""
    owner = f"{os.geteuid()}:{os.getegid()}"
    path = shlex.quote(str(directory))
    try:
        found = directory.stat()
    except OSError:  # it is not there, or we may not even look: then it has to be made for us
        return f"run `sudo install -d -o {os.geteuid()} -g {os.getegid()} {path}`, or {ELSEWHERE}"
    if found.st_uid != os.geteuid():
        return f"run `sudo chown -R {owner} {path}`, or {ELSEWHERE}"
    return f"run `chmod -R u+rwX {path}` (its mode is {stat.S_IMODE(found.st_mode):o}), or {ELSEWHERE}"
