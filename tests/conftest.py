"""What every test gets: no settings from outside, no network, and a database to choose."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from benches import OPENED
from databases import BACKENDS, PostgresServer, postgres_server
from logocache.cli.logs import SERVERS

EMPTY = "logocache_empty"
"""The PostgreSQL database that is emptied before each test."""


if "PYTEST_XDIST_WORKER" in os.environ:
    # This worker is measured already. The processes that tests start are not: it would double their time.
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


# What a shell or nohup has us ignore would be ignored by the programs that tests start and end, too.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, ())

# How long an example takes says nothing: other work may keep the machine busy.
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", BUSY, max_examples=25)
settings.register_profile("many", BUSY, max_examples=200)
settings.load_profile("few")  # `nox -s e2e` asks for many


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=BACKENDS, help="run tests with a database on this one only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever asks for a database, directly or through a fixture, runs once on each."""
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        backends = [chosen] if chosen else BACKENDS
        params = [pytest.param(backend, marks=pytest.mark.database) for backend in backends]
        metafunc.parametrize("backend", params, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for the PostgreSQL server itself is about that database alone."""
    about_postgres = [item for item in items if "postgres" in getattr(item, "fixturenames", ())]
    for item in about_postgres:
        item.add_marker(pytest.mark.database)
    if config.getoption("--database") == "sqlite" and about_postgres:
        config.hook.pytest_deselected(items=about_postgres)
        items[:] = [item for item in items if item not in about_postgres]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write what coverage has measured: pytest-xdist may kill a worker before it ends by itself."""
    if "PYTEST_XDIST_WORKER" in os.environ and "coverage" in sys.modules:
        measuring = sys.modules["coverage"].Coverage.current()
        if measuring is not None:
            measuring.stop()
            measuring.save()


@pytest.fixture(autouse=True)
def closed_databases() -> Iterator[None]:
    """Close what a test's benches have opened, but not what a module's fixture opened before it."""
    before = len(OPENED)
    yield
    for repository in OPENED[before:]:
        repository.close()
    del OPENED[before:]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the machine that runs the tests must not reach them."""
    for name in list(os.environ):
        if name.startswith(("LOGO_CACHE_", "LOGO_REFRESH_")):
            monkeypatch.delenv(name)


LOGGERS = {
    logger: (tuple(logger.handlers), logger.propagate, logger.level)
    for logger in map(logging.getLogger, ("logocache", *SERVERS))
}
"""Those that a run of the program configures, and how they are without one."""


@pytest.fixture(autouse=True)
def untouched_loggers() -> Iterator[None]:
    """Loggers are as they were, whatever fixtures and tests before have run in this process."""
    _reset_loggers()
    yield
    _reset_loggers()


def _reset_loggers() -> None:
    for logger, state in LOGGERS.items():
        handlers, logger.propagate, level = state
        logger.handlers = list(handlers)
        logger.setLevel(level)  # which lets loggers below forget what was enabled


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
