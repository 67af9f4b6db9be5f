"""File systems on which SQLite cannot be trusted: their locks, or its shared memory, fail there.

See https://www.sqlite.org/wal.html ("all processes using a database must be on the same host") and
https://www.sqlite.org/howtocorrupt.html (2.1, file systems with broken locks).
"""

import re
from pathlib import Path

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
