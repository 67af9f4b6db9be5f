"""SQLite files on network file systems (refused), and files that can only be read."""

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
"""Names used by Linux. Without 9p and virtiofs, which a guest shares with one host only."""

MOUNTS = Path("/proc/self/mounts")


def refuse_network_file_system(database: Path) -> None:
    """Raise `DatabaseError` if the file is, or would be, on a network file system.

    Nothing is refused on systems without /proc/self/mounts.
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
    """Return the file system type of an absolute `path`, from a mount table in fstab(5) form."""
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
    """Decode space, tab, newline and backslash, which are octal escapes in a mount table."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


Signature = tuple[int, int, int, int]


class SealedConnection(sqlite3.Connection):
    """A read-only connection, valid while the file's signature equals `seal`."""

    seal: Signature
    path: Path


def is_sealed(path: Path) -> bool:
    """True if the database cannot be written, and is not open."""
    return path.is_file() and not _is_writable(path) and not _beside(path, "-shm").exists()


def sealed_connection(path: Path, parameters: dict[str, Any]) -> SealedConnection | None:
    """Connect to a database that cannot be written, was closed cleanly, and is not in use.

    Returns None for any other. `parameters` are those of `sqlite3.connect`.

    Raises:
        DatabaseError: it has to be recovered by a writer before it can be read.
    """
    if not is_sealed(path):
        return None
    if _size(_beside(path, "-wal")):
        raise DatabaseError(
            f"the database {path} was not closed cleanly, and cannot be written here to recover it",
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
    """Raise DisconnectionError if the file was written or opened, which SQLite would not notice."""
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
