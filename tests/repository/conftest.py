"""A repository on a migrated database, quickly: it was migrated once, and is copied or emptied."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.databases import PostgresServer
from logocache.repository.repository import Repository, open_repository
from logocache.repository.tables import METADATA

MIGRATED = "logocache_migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "logocache.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> PostgresServer:
    postgres.create(MIGRATED)
    migrate(postgres.url(MIGRATED))
    return postgres


@pytest.fixture
def migrated_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of a database with our tables, all empty. A test must leave the tables as they are."""
    if backend == "sqlite":
        path = tmp_path / "logocache.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    server: PostgresServer = request.getfixturevalue("migrated_postgres")
    server.disconnect_all(MIGRATED)
    server.execute(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY", MIGRATED)
    return server.url(MIGRATED)


@pytest.fixture
def open_url() -> Iterator[Callable[..., Repository]]:
    """`open_repository`; what it opens is closed after the test."""
    opened: list[Repository] = []

    def open_it(url: str, **options: Any) -> Repository:
        """`Any`: forwards to `open_repository`, which checks them."""
        repository = open_repository(url, **options)
        opened.append(repository)
        return repository

    yield open_it
    for repository in opened:
        repository.close()


@pytest.fixture
def repository(migrated_url: str, open_url: Callable[..., Repository]) -> Repository:
    return open_url(migrated_url)


def migrate(url: str) -> None:
    repository = open_repository(url)
    repository.migrate()
    repository.close()
