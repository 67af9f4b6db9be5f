"""Texts are found as a plain search would find them, with an index, and without one."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text

from harness.databases import PostgresServer
from harness.entries import known
from harness.factories import NOW, make_integration
from logocache.model import Origin, SortKey
from logocache.repository import Repository, open_repository, text_index
from logocache.repository.filters import RecordFilter, folded, search_text
from logocache.repository.tables import LOGO

pytestmark = pytest.mark.database
Open = Callable[..., Repository]

# Without noncharacters, which SQLite's LIKE takes for one another.
LETTERS = st.sampled_from([*"abAB1 .-\"'%_/\\*^()ßİſ日é\n\0", "e\u0301", "\U0001f600"])
TEXTS = st.lists(LETTERS, max_size=6).map("".join)
NAMES = st.lists(TEXTS, min_size=1, max_size=4)


@contextmanager
def copy_of(template: Path, folder: Path) -> Iterator[Repository]:
    path = folder / "copy.db"
    shutil.copy(template, path)
    with closing(open_repository(f"sqlite:///{path}", most_on_demand=2)) as repository:
        yield repository


def give(repository: Repository, names: list[str], origin: Origin = Origin.CATALOG) -> None:
    """Entries of these names, the same keys each time; a domain ends with the key's last two letters."""
    repository.register(
        [make_integration(f"k{number}", name=name, origin=origin) for number, name in enumerate(names)],
        now=NOW,
    )


def plainly(repository: Repository, wanted: str) -> list[str]:
    return [
        record.key
        for record in repository.page(RecordFilter(), after=None, limit=99)
        if search_text(wanted) in folded(record.key, record.name, record.domain)
    ]


def by_index(repository: Repository, where: RecordFilter) -> list[list[str]]:
    """Keys by each of the conditions that use the index."""
    with repository._database.read() as connection:
        *_, last = text_index.stages(connection, where, limit=99, first=0)
        return [
            list(connection.execute(select(LOGO.c.key).where(*conditions).order_by(LOGO.c.key)).scalars())
            for conditions in (last, text_index.narrowed(connection, where))
        ]


def check(repository: Repository, wanted: str) -> None:
    expected, where = plainly(repository, wanted), RecordFilter(text=wanted)
    assert [record.key for record in repository.page(where, after=None, limit=99)] == expected
    assert by_index(repository, where) == [expected, expected]
    assert repository.count(where) == len(expected)
    assert repository.count(where, most=1) == min(len(expected), 1)
    for sort in (SortKey.KEY, SortKey.SIZE):
        found = repository.listed(where, sort=sort, reverse=False, limit=None)
        assert sorted(record.key for record in found) == expected


@given(before=NAMES, after=NAMES, wanted=TEXTS, origin=st.sampled_from([Origin.CATALOG, Origin.ON_DEMAND]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_found_as_by_a_plain_search(
    sqlite_template: Path, tmp_path: Path, before: list[str], after: list[str], wanted: str, origin: Origin
) -> None:
    """Also after names changed, and entries went away, as on-demand ones beyond their limit do."""
    with copy_of(sqlite_template, tmp_path) as repository:
        give(repository, before, origin)
        check(repository, wanted)
        give(repository, after)
        check(repository, wanted)
        check(repository, after[-1][1:])


WANTED = ["a", "om", "k1", "shop", "Shop ", ".com", "PÄ", "日", "x%", "_", '"', "k0\nshop", "zzz", ""]


@pytest.mark.parametrize("wanted", WANTED)
def test_both_databases_find_the_same(repository: Repository, wanted: str) -> None:
    give(repository, ["Shop one", "Päckchen", "日本 x%y_z", 'a "b"'])
    check(repository, wanted)


def test_other_conditions_are_met_too(repository: Repository) -> None:
    give(repository, ["shop one", "other", "shop two", "shop three"])
    where = RecordFilter(text="shop", keys=["k0", "k1", "k3"], has_file=False)
    assert by_index(repository, where) == [["k0", "k3"]] * 2
    assert by_index(repository, replace(where, has_file=True)) == [[], []]
    assert [record.key for record in repository.page(where, after="k0", limit=9)] == ["k3"]
    assert (repository.count(where), repository.count(where, most=1)) == (2, 1)


def test_entries_keep_their_place_in_the_index(sqlite_template: Path, tmp_path: Path) -> None:
    """VACUUM gives rows new numbers."""
    with copy_of(sqlite_template, tmp_path) as repository:
        give(repository, ["gone", "gone too", "gone as well", "here"], Origin.ON_DEMAND)
        repository.forget_on_demand(now=NOW)
        with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
            connection.execute("VACUUM")
        give(repository, ["new", "newer"])
        for wanted in ("gone", "here", "new", "newer"):
            check(repository, wanted)


def fail(repository: Repository) -> None:
    with repository._database.write() as connection:
        connection.execute(text("DELETE FROM logo"))
        raise InterruptedError


def test_a_change_that_fails_leaves_the_index_alone(repository: Repository) -> None:
    give(repository, ["one", "two"])
    with pytest.raises(InterruptedError):
        fail(repository)
    check(repository, "one")


def test_a_missing_index_is_made_by_init(database_url: str, open_url: Open) -> None:
    repository = open_url(database_url)
    repository.migrate()
    give(repository, ["one", "two"])
    drop = "DROP TRIGGER logo_search_insert" if "sqlite" in database_url else "DROP INDEX ix_logo_search"
    with repository._database.write() as connection:
        connection.execute(text(drop))
    known(repository, "another")
    check(repository, "another")
    assert repository.migrate() is True
    assert repository.migrate() is False
    check(repository, "another")


class WithoutFts5:
    """What SQLite does when it is built without FTS5."""

    def __init__(self, repository: Repository) -> None:
        for engine in (repository._database._engine, repository._database._lookups):
            event.listen(engine, "connect", self.set_up)

    def set_up(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.set_authorizer(self.authorize)

    def authorize(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and first == "pragma_module_list":
            return sqlite3.SQLITE_IGNORE  # a NULL instead of each name
        if action == sqlite3.SQLITE_CREATE_VTABLE or (first or "").startswith("logo_search"):
            return sqlite3.SQLITE_DENY if action != sqlite3.SQLITE_DROP_TRIGGER else sqlite3.SQLITE_OK
        return sqlite3.SQLITE_OK


def test_a_sqlite_without_fts5_does_without(tmp_path: Path, open_url: Open) -> None:
    repository = open_url(f"sqlite:///{tmp_path / 'plain.db'}")
    WithoutFts5(repository)
    assert repository.migrate() is True
    assert repository.migrate() is False
    give(repository, ["one", "two"])
    check(repository, "one")


def test_it_takes_the_index_of_another_sqlite_out_of_use(
    sqlite_template: Path, tmp_path: Path, open_url: Open
) -> None:
    with copy_of(sqlite_template, tmp_path) as repository:
        give(repository, ["one", "two"])
    without = open_url(f"sqlite:///{tmp_path / 'copy.db'}")
    WithoutFts5(without)
    check(without, "two")
    assert without.migrate() is True
    give(without, ["three", "two", "four"])
    check(without, "four")
    without.close()
    again = open_url(f"sqlite:///{tmp_path / 'copy.db'}")
    check(again, "four")
    assert again.migrate() is True
    check(again, "four")


def test_a_user_who_may_not_create_the_extension_does_without(
    postgres: PostgresServer, open_url: Open
) -> None:
    postgres.execute("DROP DATABASE IF EXISTS searched")
    postgres.create("searched")
    postgres.execute("REVOKE CREATE ON DATABASE searched FROM PUBLIC", "searched")
    postgres.execute("DROP ROLE IF EXISTS plain")
    postgres.execute("CREATE ROLE plain LOGIN")
    postgres.execute("GRANT CREATE, USAGE ON SCHEMA public TO plain", "searched")
    repository = open_url(postgres.url("searched").replace("postgres@", "plain@"))
    assert repository.migrate() is True
    assert repository.migrate() is False
    give(repository, ["one", "two"])
    check(repository, "one")
    postgres.execute("CREATE EXTENSION pg_trgm", "searched")
    assert repository.migrate() is True
    check(repository, "one")
