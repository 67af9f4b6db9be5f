"""A PostgreSQL server that hangs, and statements that take too long."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from harness.databases import PostgresServer
from harness.tcp_relay import Relay
from logocache.errors import DatabaseError
from logocache.repository import Repository
from logocache.repository.engine import UNHURRIED, WRITES, Pool, make_engine, parse_address

Open = Callable[..., Repository]
HASTY = Pool(size=1, overflow=0, statement_seconds=0.1, connect_seconds=5)


@pytest.fixture
def relay(postgres: PostgresServer) -> Iterator[Relay]:
    postgres.empty("logocache_empty")
    with Relay(postgres.socket) as relay:
        yield relay


@pytest.fixture
def url(relay: Relay) -> str:
    return f"postgresql://postgres@127.0.0.1:{relay.port}/logocache_empty?gssencmode=disable"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = make_engine(parse_address(url), lock_wait=0.1, pool=HASTY)
    yield engine
    engine.dispose()


def statement_timeout(engine: Engine) -> str:
    with engine.begin() as connection:
        return str(connection.execute(text("SELECT current_setting('statement_timeout')")).scalar_one())


def test_a_server_that_hangs_is_not_waited_for(engine: Engine, relay: Relay) -> None:
    assert statement_timeout(engine) == "100ms"

    def ask() -> None:
        with engine.begin() as connection:
            relay.hang()
            connection.execute(text("SELECT 1"))

    with pytest.raises(OperationalError, match=r"no answer within 1\.1 seconds") as caught:
        ask()
    assert relay.is_hanging
    assert caught.value.connection_invalidated
    relay.flow()
    assert statement_timeout(engine) == "100ms"


def test_an_idle_connection_whose_server_hangs_is_not_waited_for(engine: Engine, relay: Relay) -> None:
    """It is tried before it is used, and another is made when it does not answer; nor does that one."""
    statement_timeout(engine)
    relay.hang()
    with pytest.raises(OperationalError):
        statement_timeout(engine)
    assert relay.is_hanging


def test_the_server_ends_what_takes_too_long(engine: Engine) -> None:
    with pytest.raises(OperationalError, match="statement timeout"), engine.begin() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    assert statement_timeout(engine) == "100ms"


def test_writers_have_their_time_besides_and_migrations_all_they_need(engine: Engine) -> None:
    assert statement_timeout(engine.execution_options(**{WRITES: True})) == "200ms"
    assert statement_timeout(engine.execution_options(**{WRITES: True, UNHURRIED: True})) == "0"
    assert statement_timeout(engine) == "100ms"


def test_a_look_up_says_so_in_one_line_and_works_again_afterwards(
    url: str, relay: Relay, open_url: Open
) -> None:
    repository = open_url(url)
    repository.migrate()
    repository.generation()
    relay.hang()
    with pytest.raises(DatabaseError) as caught:
        repository.get("shopify")
    assert relay.is_hanging
    assert "\n" not in str(caught.value)
    relay.flow()
    assert repository.get("shopify") is None


def test_a_writer_leaves_look_ups_alone(url: str, open_url: Open) -> None:
    repository = open_url(url, lock_wait=0.1)
    repository.migrate()
    with repository.unit():
        assert repository.get("shopify") is None
