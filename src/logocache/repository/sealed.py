"""SQLite databases that may be read and not written: read-only mounts, other users' directories.

SQLite wants to write even for reading one with a write-ahead log: it makes two files beside it. When
the database was closed cleanly, all is in the one file, and SQLite may be told that it does not
change (https://www.sqlite.org/uri.html, `immutable`).
"""

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy.exc import DisconnectionError

from logocache.errors import DatabaseError

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
