"""SQLite files that need care: on file systems it cannot be trusted on, or opened to be read only."""

import os
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy.exc import DisconnectionError

from logocache.errors import DatabaseError

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "coda",
        "davfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "ocfs2",
        "beegfs",
        "fuse.beegfs",
        "fuse.ceph",
        "fuse.davfs2",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.juicefs",
        "fuse.mount.davfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.smbnetfs",
        "fuse.sshfs",
    }
)
"""As Linux names them. 9p and virtiofs are left out: there a guest shares with its one host."""

MOUNTS = Path("/proc/self/mounts")


def refuse_network_file_system(database: Path) -> None:
    """Raise `DatabaseError` when the file lies, or would lie, on a network file system.

    Where the system does not list its mounts (not Linux), nothing is refused.
    """
    try:
        table = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = file_system_of(database.resolve(), table)
    if kind in NETWORK_FILE_SYSTEMS:
        raise DatabaseError(
            f"the SQLite database {database} lies on a network file system ({kind}), which can corrupt it",
            hint="use PostgreSQL, or a local path, with LOGO_CACHE_DATABASE_URL",
        )


def file_system_of(path: Path, table: str) -> str | None:
    """The type of the file system that holds the absolute `path`, by a mount table in fstab(5) form."""
    kind, depth = None, 0
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004  # device, mount point, type
            continue
        mount_point = Path(_unescaped(fields[1]))
        # A later mount hides an earlier one at the same place.
        if path.is_relative_to(mount_point) and len(mount_point.parts) >= depth:
            kind, depth = fields[2], len(mount_point.parts)
    return kind


def _unescaped(field: str) -> str:
    """Space, tab, newline and backslash stand as three octal digits in a mount table."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


Signature = tuple[int, int, int, int]


class SealedConnection(sqlite3.Connection):
    """A connection to a file that does not change as long as `seal` is its signature."""

    seal: Signature
    path: Path


def is_sealed(path: Path) -> bool:
    """Whether the database cannot be written, and nobody has it open."""
    return path.is_file() and not _is_writable(path) and not _beside(path, "-shm").exists()


def sealed_connection(path: Path, parameters: dict[str, Any]) -> SealedConnection | None:
    """A connection to a database that cannot be written, was closed cleanly, and is not in use.

    None for every other one: SQLite itself knows best what to do. `parameters` are those of
    `sqlite3.connect`.

    Raises:
        DatabaseError: it cannot be written, and not be read either before someone has written it.
    """
    if not is_sealed(path):
        return None
    if _size(_beside(path, "-wal")):
        raise DatabaseError(
            f"the database {path} was not closed cleanly, and cannot be written here to mend it",
            hint="run `logocache stats` once where it can be written, then use it here",
        )
    seal = _signature(path)
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro&immutable=1"
    connection: SealedConnection = sqlite3.connect(
        uri, **parameters | {"uri": True, "factory": SealedConnection}
    )
    connection.path, connection.seal = path, seal
    return connection


def check_seal(connection: object, *_: object) -> None:
    """Give up a connection whose file someone has written, or begun to: SQLite would not notice."""
    if isinstance(connection, SealedConnection) and (
        _signature(connection.path) != connection.seal or _beside(connection.path, "-shm").exists()
    ):
        raise DisconnectionError


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0, 0)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
