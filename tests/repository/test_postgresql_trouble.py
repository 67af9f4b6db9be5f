"""Faults of PostgreSQL, brought about for real."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from harness.databases import PostgresServer
from harness.entries import claim, claimed, due_keys, fetch_of, known
from harness.factories import NOW, make_cached
from logocache.errors import DatabaseError
from logocache.repository import Repository
from logocache.repository.database import Database
from logocache.repository.engine import parse_address

Open = Callable[..., Repository]
SECRET = "s3cr3t-w0rd"  # the secret of these tests


@pytest.fixture
def own_database(postgres: PostgresServer, open_url: Open) -> Repository:
    """A migrated repository whose connections all belong to it."""
    postgres.empty("logocache_empty")
    repository = open_url(postgres.url("logocache_empty"), lock_wait=0.2)
    repository.migrate()
    return repository


def test_after_a_restart_of_the_server_the_next_call_works(
    postgres: PostgresServer, own_database: Repository
) -> None:
    known(own_database, "shopify")
    postgres.disconnect_all("logocache_empty")
    assert due_keys(own_database) == ["shopify"]


def test_a_connection_that_breaks_midway_is_an_error_and_changes_nothing(
    postgres: PostgresServer, own_database: Repository
) -> None:
    known(own_database, "shopify")
    ours = claimed(own_database, ["shopify"])

    def break_off() -> None:
        with own_database.unit() as unit:
            postgres.disconnect_all("logocache_empty")
            unit.save([fetch_of(make_cached())])

    with pytest.raises(DatabaseError, match="terminating connection"):
        break_off()
    with own_database.unit() as unit:
        assert list(unit.owned(ours)) == ["shopify"]
        unit.save([fetch_of(make_cached())])
    assert own_database.totals(now=NOW, stale_before=NOW).leased == 0


def test_a_writer_that_waits_too_long_gives_up(own_database: Repository) -> None:
    with own_database.unit(), pytest.raises(DatabaseError, match="lock timeout") as caught:
        claim(own_database, ["shopify"])
    assert "another process holds it" in caught.value.hint


def test_a_database_that_does_not_exist(postgres: PostgresServer, open_url: Open) -> None:
    with pytest.raises(DatabaseError, match='database "nowhere" does not exist'):
        open_url(postgres.url("nowhere")).identity()


def test_a_user_without_rights(postgres: PostgresServer, own_database: Repository, open_url: Open) -> None:
    postgres.execute("DROP ROLE IF EXISTS reader")
    postgres.execute("CREATE ROLE reader LOGIN")
    url = postgres.url("logocache_empty").replace("postgres@", f"reader:{SECRET}@")
    repository = open_url(url)
    with pytest.raises(DatabaseError, match="permission denied for") as caught:
        repository.get("shopify")
    assert "grant the user rights" in caught.value.hint


def test_a_server_that_is_not_there(tmp_path: Path, open_url: Open) -> None:
    repository = open_url(f"postgresql://logos:{SECRET}@/logos?host={tmp_path}")
    with pytest.raises(DatabaseError, match=re.escape(f"logos at {tmp_path} cannot be used")) as caught:
        repository.identity()
    assert caught.value.hint == "check that the server runs, and LOGO_CACHE_DATABASE_URL"
    assert SECRET not in f"{caught.value}{repository!r}"


def test_what_the_url_says_about_the_connection_comes_first(postgres: PostgresServer) -> None:
    url = postgres.url("postgres") + "&application_name=mine"
    database = Database(parse_address(url), lock_wait=1)
    with database.read() as connection:
        name, timeout = connection.execute(
            text("SELECT current_setting('application_name'), current_setting('lock_timeout')")
        ).one()
    with database.write() as connection:
        waits = connection.execute(text("SELECT current_setting('lock_timeout')")).scalar_one()
    assert (name, timeout, waits) == ("mine", "0", "1s")
    database.close()
