"""Bringing the schema up to date, and saying what is wrong with it."""

import re
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from harness.entries import due_keys, known
from harness.factories import NOW
from harness.race import race
from logocache.errors import DatabaseError, SchemaError
from logocache.repository import Repository, schema
from logocache.repository.database import Database
from logocache.repository.engine import parse_address
from logocache.repository.tables import METADATA

Open = Callable[..., Repository]


def alter(url: str, *statements: str) -> None:
    database = Database(parse_address(url), lock_wait=5)
    with database.write() as connection:
        for statement in statements:
            connection.execute(text(statement))
    database.close()


def test_an_empty_database_is_migrated_once(database_url: str, open_url: Open) -> None:
    repository = open_url(database_url)
    assert repository.migrate() is True
    assert repository.migrate() is False
    assert open_url(database_url).migrate() is False
    repository.check_schema()
    known(repository, "shopify")
    assert due_keys(repository) == ["shopify"]


def is_of_the_schema(name: str | None, *_: object) -> bool:
    """Not of the index for searching, which a database may lack."""
    return not str(name).startswith(("logo_", "ix_logo_search"))


def test_the_migrations_make_the_tables_that_the_program_knows(migrated_url: str) -> None:
    database = Database(parse_address(migrated_url), lock_wait=5)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_of_the_schema})
        assert compare_metadata(context, METADATA) == []
    database.close()


def test_the_migrations_make_the_checks_that_the_program_knows(migrated_url: str) -> None:
    """Alembic compares neither checks nor generated columns."""
    database = Database(parse_address(migrated_url), lock_wait=5)
    for table in METADATA.tables.values():
        with database.read() as connection:
            found = {item["name"] for item in inspect(connection).get_check_constraints(table.name)}
            generated = {
                each["name"] for each in inspect(connection).get_columns(table.name) if "computed" in each
            }
        named = {
            str(constraint.name) for constraint in table.constraints if str(constraint.name).startswith("ck_")
        }
        assert found == named
        assert generated == {column.name for column in table.columns if column.computed is not None}
    database.close()


OLD_LOGO = """
    INSERT INTO logo (key, name, domain, category, origin, pinned, search_text, created_at, status,
        next_attempt_at, fetch_count, failure_count, access_count)
    VALUES ('shopify', 'Shopify', 'shopify.test', 'commerce', 'catalog', false, 'shopify',
        '2026-11-22 12:00:00', 'pending', '1970-01-01 00:00:00', 0, 0, 7)
"""
OLD_ATTEMPT = """
    INSERT INTO fetch_attempt (key, provider, url, at, duration, outcome, bytes, reason)
    VALUES ('shopify', 'site', 'https://shopify.test/', '2026-11-22 12:00:00', 0.5, 'not_found', 0, '')
"""


def test_an_older_database_keeps_its_rows(database_url: str, open_url: Open) -> None:
    """SQLite copies tables whose checks change: rows, generated columns and indexes come along."""
    database = Database(parse_address(database_url), lock_wait=5)
    with database.write() as connection:
        schema.upgrade(connection, to="0001")
    database.close()
    alter(database_url, OLD_LOGO, OLD_ATTEMPT)
    repository = open_url(database_url)
    assert repository.migrate()
    repository.check_schema()
    assert due_keys(repository) == ["shopify"]
    shopify = repository.get("shopify")
    assert shopify is not None
    assert shopify.access_count == 7
    assert [attempt.key for attempt in repository.attempts("shopify", limit=9)] == ["shopify"]
    alter(
        database_url, "UPDATE logo SET last_outcome = 'error'", "UPDATE fetch_attempt SET outcome = 'error'"
    )


def test_the_version_in_the_code_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert scripts.get_heads() == [schema.SCHEMA_VERSION]


def test_migrations_are_numbered_in_order() -> None:
    revisions = [script.revision for script in ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()]
    assert sorted(revisions) == [f"{number + 1:04}" for number in range(len(revisions))]


@pytest.mark.parametrize(
    ("statements", "problem", "hint", "mendable"),
    [
        pytest.param([], "is empty", "run `logocache init`", True, id="empty"),
        pytest.param(
            ["CREATE TABLE customer (id INTEGER)"],
            "holds the tables of another program",
            "give logocache a database of its own with LOGO_CACHE_DATABASE_URL",
            False,
            id="foreign",
        ),
        pytest.param(
            [
                "CREATE TABLE alembic_version (version_num VARCHAR(32))",
                "INSERT INTO alembic_version VALUES ('9f3a1c2e')",
            ],
            "holds the tables of another program",
            "give logocache a database of its own with LOGO_CACHE_DATABASE_URL",
            False,
            id="foreign, with Alembic",
        ),
        pytest.param(
            ["CREATE TABLE alembic_version (version_num VARCHAR(32))"],
            "holds the tables of another program",
            "give logocache a database of its own with LOGO_CACHE_DATABASE_URL",
            False,
            id="foreign, with Alembic at its base",
        ),
    ],
)
def test_a_database_that_is_not_ours(
    database_url: str,
    open_url: Open,
    statements: list[str],
    problem: str,
    hint: str,
    mendable: bool,  # noqa: FBT001  # a column of the table
) -> None:
    alter(database_url, *statements)
    repository = open_url(database_url)
    with pytest.raises(SchemaError, match=re.escape(problem)) as caught:
        repository.check_schema()
    assert caught.value.hint == hint
    if mendable:
        assert repository.migrate()
    else:
        with pytest.raises(SchemaError, match=re.escape(problem)):
            repository.migrate()


@pytest.mark.parametrize(
    ("statement", "problem", "hint"),
    [
        pytest.param(
            "UPDATE alembic_version SET version_num = '0000'",
            "belongs to an older logocache",
            "run `logocache init`",
            id="older",
        ),
        pytest.param(
            "UPDATE alembic_version SET version_num = '9999'",
            "belongs to a newer logocache",
            "upgrade the program",
            id="newer",
        ),
        pytest.param(
            "DROP TABLE counter",
            "lacks tables of its version",
            "restore it from a backup, or empty it and run `logocache init`",
            id="incomplete",
        ),
    ],
)
def test_a_database_of_another_version(
    database_url: str, open_url: Open, statement: str, problem: str, hint: str
) -> None:
    repository = open_url(database_url)
    repository.migrate()
    alter(database_url, statement)
    with pytest.raises(SchemaError, match=problem) as caught:
        repository.check_schema()
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "statement", ["UPDATE alembic_version SET version_num = '9999'", "DROP TABLE counter"]
)
def test_init_does_not_touch_what_it_cannot_mend(database_url: str, open_url: Open, statement: str) -> None:
    repository = open_url(database_url)
    repository.migrate()
    known(repository, "shopify")
    alter(database_url, statement)
    with pytest.raises(SchemaError):
        repository.migrate()
    assert repository.get("shopify") is not None


def test_a_migration_that_fails_leaves_nothing_behind(
    database_url: str, open_url: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step meets a table of the same name, which came between looking and migrating."""
    alter(database_url, "CREATE TABLE counter (id INTEGER)")
    monkeypatch.setattr(schema, "state_of", lambda _: schema.SchemaState.EMPTY)
    repository = open_url(database_url)
    with pytest.raises(DatabaseError, match="counter"):
        repository.migrate()
    database = Database(parse_address(database_url), lock_wait=5)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["counter"]
    database.close()


def test_a_version_that_never_was_is_refused(database_url: str, open_url: Open) -> None:
    repository = open_url(database_url)
    repository.migrate()
    alter(database_url, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(SchemaError, match="'0000'"):
        repository.migrate()


MIGRATE = """
import json
from logocache.repository import open_repository

repository = open_repository(url)
wait_for_the_others()
changed = repository.migrate()
repository.check_schema()
repository.close()
print(json.dumps(changed))
"""


@pytest.mark.end_to_end
def test_eight_processes_migrate_a_fresh_database_once(database_url: str) -> None:
    assert sorted(race(MIGRATE, database_url, count=8)) == [False] * 7 + [True]


def test_a_question_before_init_says_what_to_run(database_url: str, open_url: Open) -> None:
    repository = open_url(database_url)
    with pytest.raises(SchemaError, match="run `logocache init`"):
        repository.totals(now=NOW, stale_before=NOW)


def test_a_missing_column_says_what_to_run(database_url: str, open_url: Open) -> None:
    repository = open_url(database_url)
    repository.migrate()
    alter(database_url, "ALTER TABLE logo RENAME COLUMN etag TO tag")
    with pytest.raises(SchemaError, match="run `logocache init`"):
        repository.get("shopify")


OLD_FILE = """
    UPDATE logo SET status = 'cached', file_name = 'shopify_1f3a9c2e.png', sha256 = 'f', size = 9, width = 1,
        height = 1, etag = '"1"', last_modified = 'Sun', provider = 'site'
"""


def test_an_older_database_keeps_its_files_and_asks_for_their_forms(
    database_url: str, open_url: Open
) -> None:
    database = Database(parse_address(database_url), lock_wait=5)
    with database.write() as connection:
        schema.upgrade(connection, to="0003")
    database.close()
    alter(database_url, OLD_LOGO, OLD_FILE)
    repository = open_url(database_url)
    assert repository.migrate()
    shopify = repository.get("shopify")
    assert shopify is not None
    assert shopify.file is not None
    assert (shopify.file.name, shopify.file.svg, shopify.file.dark) == ("shopify_1f3a9c2e.png", None, None)
    assert (shopify.etag, shopify.last_modified) == (None, None), "a 304 would bring no forms"
