"""Errors and permission problems of the cache directory, with hints. Changes nothing."""

import errno
import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from logocache.errors import DirectoryError
from logocache.store.folders import PlantedError

ELSEWHERE = "name another directory with LOGO_CACHE_DIR"


@contextmanager
def translated(directory: Path, problem: str) -> Iterator[None]:
    """Turn an OSError in the block into a DirectoryError: `problem`, its reason, and a hint."""
    try:
        yield
    except OSError as error:
        raise directory_error(error, directory, problem) from error


def directory_error(error: OSError, directory: Path, problem: str) -> DirectoryError:
    """Return the error for people; `problem` names what could not be done."""
    reason = error.strerror or str(error)
    if isinstance(error, PlantedError):
        return DirectoryError(
            f"{problem} ({reason})",
            hint=f"look who put it into {directory}, and remove it; `logocache init` makes what is missing",
        )
    return DirectoryError(f"{problem} ({reason.lower()})", hint=hint_for(error, directory))


def hint_for(error: OSError, directory: Path) -> str:
    """Return the next step for the operator."""
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
    """Return the command that gives `directory` to the user of this process."""
    owner = f"{os.geteuid()}:{os.getegid()}"
    path = shlex.quote(str(directory))
    try:
        found = directory.stat()
    except OSError:  # missing, or not accessible: it has to be created for us
        return f"run `sudo install -d -o {os.geteuid()} -g {os.getegid()} {path}`, or {ELSEWHERE}"
    if found.st_uid != os.geteuid():
        return f"run `sudo chown -R {owner} {path}`, or {ELSEWHERE}"
    return f"run `chmod -R u+rwX {path}` (its mode is {stat.S_IMODE(found.st_mode):o}), or {ELSEWHERE}"


MAX_FILES_NAMED = 10
"""A wrong owner concerns every file: ten names are enough."""


def problems_of(directory: Path, private: Iterable[Path], names: Iterable[str]) -> tuple[str, ...]:
    """Return one line for each problem of the directory, our own folders, and the files `names`."""
    if not is_directory(directory):
        return (f"{directory} does not exist or is not a directory; run `logocache init`",)
    problems = [*_access(directory), *_exposure(directory)]
    for folder in private:
        problems += [*_access(folder), *_openness(folder), *_ownership(folder, directory), *_links(folder)]
    return (*problems, *_unreadable(directory, names))


def is_directory(path: Path) -> bool:
    """As `Path.is_dir`, but False where that raises PermissionError."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _access(folder: Path) -> Iterator[str]:
    if not is_directory(folder):
        yield f"{folder} is missing; run `logocache init`"
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield f"{folder} cannot be read and written by the user who runs this (uid {os.geteuid()})"


def _exposure(directory: Path) -> Iterator[str]:
    mode = directory.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        yield f"anyone may replace files in {directory}; run `chmod o-w {shlex.quote(str(directory))}`"


def _openness(folder: Path) -> Iterator[str]:
    if is_directory(folder) and folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"{folder} is open to other users; run `chmod 700 {shlex.quote(str(folder))}`"


def _ownership(folder: Path, directory: Path) -> Iterator[str]:
    """An owner who is neither this user nor that of the directory, since volumes show any owners."""
    try:
        owner = folder.stat(follow_symlinks=False).st_uid
    except OSError:
        return
    if owner not in {os.geteuid(), directory.stat().st_uid}:
        yield f"{folder} belongs to another user (uid {owner}) than the one who runs this"


def _links(folder: Path) -> Iterator[str]:
    """Links in place of our own files. They are never followed."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_symlink())
    except OSError:
        return
    for name in names[:MAX_FILES_NAMED]:
        yield f"{folder / name} is a symbolic link; look who put it there, and remove it"


def _unreadable(directory: Path, names: Iterable[str]) -> Iterator[str]:
    """Unreadable files, without symbolic links, which are foreign and never followed; sorted."""
    unreadable = sorted(
        name
        for name in names
        if not os.access(path := os.path.join(directory, name), os.R_OK)  # noqa: PTH118  # a fifth of the time
        and not Path(path).is_symlink()
    )
    for name in unreadable[:MAX_FILES_NAMED]:
        yield f"{name} cannot be read by the user who runs this (uid {os.geteuid()})"
    if len(unreadable) > MAX_FILES_NAMED:
        yield f"{len(unreadable) - MAX_FILES_NAMED} more files cannot be read either"


def check_writable(folder: Path) -> None:
    """Raise OSError unless the permissions of `folder` allow writing. Free space is not checked."""
    if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return
    read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    number = errno.EROFS if read_only else errno.EACCES
    raise OSError(number, os.strerror(number))
