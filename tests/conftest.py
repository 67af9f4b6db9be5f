"""Common fixtures: a clean environment, unchanged loggers, and a choice of databases."""

import logging
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from harness.bench import OPENED
from harness.databases import BACKENDS, PostgresServer, migrate, postgres_server, write_migrated
from logocache.cli.logs import SERVERS
from logocache.repository.tables import METADATA

EMPTY = "logocache_empty"
"""The PostgreSQL database that is emptied before each test."""
MIGRATED = "logocache_migrated"
"""The PostgreSQL database whose tables are emptied before each test."""


if "PYTEST_XDIST_WORKER" in os.environ:
    # The worker itself is measured. Measuring the processes that tests start would double their time.
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


# Signals ignored by a shell or nohup would also be ignored by the programs that tests start.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, ())

# No time limits for examples: the machine may be busy.
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", BUSY, max_examples=25)
settings.register_profile("many", BUSY, max_examples=100)
settings.load_profile("few")  # `nox -s e2e` asks for many


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=BACKENDS, help="run tests with a database on this one only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use a database, directly or through a fixture, once on each backend."""
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        backends = [chosen] if chosen else BACKENDS
        params = [pytest.param(backend, marks=pytest.mark.database) for backend in backends]
        metafunc.parametrize("backend", params, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests of the PostgreSQL server itself; deselect them with `--database sqlite`."""
    about_postgres = [item for item in items if "postgres" in getattr(item, "fixturenames", ())]
    for item in about_postgres:
        item.add_marker(pytest.mark.database)
    if config.getoption("--database") == "sqlite" and about_postgres:
        config.hook.pytest_deselected(items=about_postgres)
        items[:] = [item for item in items if item not in about_postgres]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Save coverage data: pytest-xdist may kill a worker before it exits."""
    if "PYTEST_XDIST_WORKER" in os.environ and "coverage" in sys.modules:
        measuring = sys.modules["coverage"].Coverage.current()
        if measuring is not None:
            measuring.stop()
            measuring.save()


@pytest.fixture(autouse=True)
def closed_databases() -> Iterator[None]:
    """Close the databases that a test's benches opened, but not those of module fixtures."""
    before = len(OPENED)
    yield
    for repository in OPENED[before:]:
        repository.close()
    del OPENED[before:]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the machine's own settings of logocache; no test fetches icon sets unless it is about them."""
    for name in list(os.environ):
        if name.startswith(("LOGO_CACHE_", "LOGO_REFRESH_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LOGO_CACHE_ICONIFY_SETS", "none")


LOGGERS = {
    logger: (tuple(logger.handlers), logger.propagate, logger.level)
    for logger in map(logging.getLogger, ("logocache", *SERVERS))
}
"""The loggers that a run of the program configures, and their state without one."""


@pytest.fixture(autouse=True)
def untouched_loggers() -> Iterator[None]:
    """Reset loggers before and after each test."""
    _reset_loggers()
    yield
    _reset_loggers()


def _reset_loggers() -> None:
    for logger, state in LOGGERS.items():
        handlers, logger.propagate, level = state
        logger.handlers = list(handlers)
        logger.setLevel(level)  # also clears the cached levels of child loggers


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        server.create(EMPTY)
        yield server


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    if backend == "sqlite":
        folder = tmp_path / "database"
        folder.mkdir()
        return f"sqlite:///{folder / 'logocache.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    server.empty(EMPTY)
    return server.url(EMPTY)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "logocache.db"
    write_migrated(path)
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
