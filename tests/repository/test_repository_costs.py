"""Queries are cheap: an index for each, few statements, and no needless library."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from harness.factories import NOW, make_integration
from logocache.model import SortKey, Status
from logocache.repository import Repository, open_repository
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.totals import Access

pytestmark = pytest.mark.database


class Watched:
    """A SQLite repository, and how SQLite goes about each of its statements."""

    def __init__(self, path: Path) -> None:
        self.repository = open_repository(f"sqlite:///{path}")
        self.plans: list[str] = []
        for engine in (self.repository._database._engine, self.repository._database._lookups):
            event.listen(engine, "before_cursor_execute", self.explain)

    def explain(
        self, connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        """`Any`: the driver's parameters."""
        if statement.startswith("BEGIN"):
            return
        raw = connection.connection.cursor()
        first = parameters[0] if isinstance(parameters, list) else parameters
        raw.execute(f"EXPLAIN QUERY PLAN {statement}", first)
        self.plans.append("; ".join(row[3] for row in raw.fetchall()))


@pytest.fixture
def watched(sqlite_template: Path, tmp_path: Path) -> Iterator[Watched]:
    path = tmp_path / "x.db"
    shutil.copy(sqlite_template, path)
    watched = Watched(path)
    yield watched
    watched.repository.close()


def lru(repository: Repository) -> object:
    with repository.unit() as unit:
        return next(unit.least_recently_used(), None)


def oldest_replaced(repository: Repository) -> object:
    with repository.unit() as unit:
        return next(unit.oldest_replaced(), None)


def stored_bytes(repository: Repository) -> object:
    with repository.unit() as unit:
        return unit.stored_bytes()


DUE = DueFilter(now=NOW)
LIVE_LEASES = "USING INDEX ix_logo_lease (lease_until>? AND lease_until<?)"
"""True if any of them belongs to a dead process."""


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        pytest.param(
            lambda r: r.due_keys(DUE, limit=9),
            [LIVE_LEASES, *["USING INDEX ix_logo_due (has_file=? AND next_attempt_at<?)"] * 2],
            id="due",
        ),
        pytest.param(
            lambda r: r.claim(["a"], now=NOW, due=DUE),
            [LIVE_LEASES, "USING INDEX sqlite_autoindex_logo_1 (key=?)"],
            id="claim",
        ),
        pytest.param(lru, ["USING INDEX ix_logo_kept (pinned=? AND has_file=?)"], id="least recently used"),
        pytest.param(stored_bytes, ["SCAN total"], id="stored bytes"),
        pytest.param(
            lambda r: r.page(RecordFilter(), after="a", limit=9),
            ["USING INDEX sqlite_autoindex_logo_1 (key>?)"],
            id="page",
        ),
        *(
            pytest.param(
                lambda r, sort=sort, reverse=reverse: r.listed(
                    RecordFilter(), sort=sort, reverse=reverse, limit=9
                ),
                expected,
                id=f"{sort}{' reversed' if reverse else ''}",
            )
            for sort, expected in {
                SortKey.KEY: ["SCAN logo USING INDEX sqlite_autoindex_logo_1"],
                SortKey.NAME: ["SCAN logo USING INDEX ix_logo_name"],
                SortKey.STATUS: ["SCAN logo USING INDEX ix_logo_status"],
                SortKey.PROVIDER: ["USING INDEX ix_logo_provider"] * 2,
                SortKey.SIZE: ["USING INDEX ix_logo_size"] * 2,
                SortKey.AGE: ["USING INDEX ix_logo_age"] * 2,
                SortKey.ACCESSED: ["USING INDEX ix_logo_accessed"] * 2,
            }.items()
            for reverse in (False, True)
        ),
        *(
            pytest.param(
                lambda r, where=where: r.page(where, after="a", limit=9),
                [f"USING INDEX ix_logo_{column} ({column}=? AND key>?)"],
                id=f"page of one {column}",
            )
            for column, where in {
                "status": RecordFilter(statuses=[Status.CACHED]),
                "provider": RecordFilter(providers=["site"]),
                "category": RecordFilter(categories=["payments"]),
            }.items()
        ),
        pytest.param(
            lambda r: r.keys(RecordFilter(statuses=[Status.PENDING]), limit=9),
            ["USING COVERING INDEX ix_logo_status (status=?)"],
            id="missing",
        ),
        pytest.param(
            lambda r: r.count(RecordFilter(statuses=[Status.CACHED], providers=["site"]), most=9),
            ["SCAN total"],
            id="count of groups",
        ),
        pytest.param(lambda r: r.largest(9), ["USING INDEX ix_logo_size (size>?)"], id="largest"),
        pytest.param(oldest_replaced, ["USING INDEX ix_replaced_file_delete_after"], id="oldest replaced"),
        pytest.param(
            lambda r: r.replaced_files(expired_at=NOW),
            ["USING INDEX ix_replaced_file_delete_after (delete_after<?)"],
            id="expired",
        ),
        pytest.param(
            lambda r: r.find_by_domain("a.test"), ["USING INDEX ix_logo_domain (domain=?)"], id="domain"
        ),
        pytest.param(
            lambda r: r.placeholders.entries("site", "a"),
            ["USING INDEX ix_logo_image (provider=? AND sha256=?)"],
            id="same image",
        ),
        pytest.param(
            lambda r: r.placeholders.sightings("site", "a"),
            [
                "USING INDEX sqlite_autoindex_provider_placeholder_1 (provider=? AND sha256=?)",
                "USING INDEX ix_logo_image (provider=? AND sha256=?)",
            ],
            id="sightings",
        ),
        pytest.param(
            lambda r: r.attempts("a", limit=9), ["USING INDEX ix_fetch_attempt_entry (key=?)"], id="attempts"
        ),
        pytest.param(
            lambda r: r.generation(), ["USING INDEX sqlite_autoindex_counter_1 (name=?)"], id="generation"
        ),
        pytest.param(
            lambda r: r.purge_attempts(before=NOW),
            ["USING INDEX ix_fetch_attempt_at (at<?)"],
            id="purge",
        ),
        pytest.param(
            lambda r: r.replaced_files(), ["USING INDEX ix_replaced_file_delete_after"], id="replaced files"
        ),
    ],
)
def test_each_question_has_its_index(
    watched: Watched, ask: Callable[[Repository], object], expected: list[str]
) -> None:
    ask(watched.repository)
    assert len(watched.plans) == len(expected)
    for plan, part in zip(watched.plans, expected, strict=True):
        assert part in plan
        assert "TEMP B-TREE" not in plan


def test_no_figure_of_the_totals_reads_the_entries_from_end_to_end(watched: Watched) -> None:
    watched.repository.totals(now=NOW, stale_before=NOW)
    kept, _leased, _held, figures, _counters = watched.plans
    assert kept == "SCAN total"
    assert figures.count("ix_logo_due (has_file=? AND next_attempt_at<?)") == 2
    assert figures.count("USING COVERING INDEX ix_logo_fetched (status=?") == 5
    assert "ix_logo_lease (lease_until>? AND lease_until<?)" in figures
    assert "SCAN logo" not in figures


def test_who_does_not_ask_for_stale_logos_has_none_counted(watched: Watched) -> None:
    assert watched.repository.totals(now=NOW).stale == 0
    assert not any("ix_logo_fetched (status=? AND" in plan for plan in watched.plans)


def test_making_a_known_catalogue_known_is_one_statement(watched: Watched) -> None:
    catalog = [make_integration(f"key-{number}") for number in range(80)]
    watched.repository.register(catalog, now=NOW)
    watched.plans.clear()
    watched.repository.register(catalog, now=NOW)
    assert len(watched.plans) == 1


def test_a_batch_of_accesses_is_two_statements(watched: Watched) -> None:
    """One for the entries, one for the counters, however many they are."""
    accesses = {f"key-{number}": Access(count=1, last_at=NOW) for number in range(100)}
    watched.repository.record_accesses(accesses, {"hits": 90, "misses": 10})
    assert len(watched.plans) == 2


def modules_after(script: str) -> set[str]:
    """The packages that a fresh interpreter has imported after running `script`."""
    code = script + "\nimport sys\nprint(*{name.partition('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_a_migrated_database_is_used_without_alembic_and_foreign_drivers(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x.db"
    shutil.copy(sqlite_template, path)
    imported = modules_after(
        "from logocache.repository import open_repository\n"
        f"repository = open_repository('sqlite:///{path}')\n"
        "assert repository.migrate() is False\n"
        "repository.check_schema()\n"
        "assert repository.get('a') is None\n"
        "repository.close()\n"
    )
    assert "sqlalchemy" in imported
    assert imported & {"alembic", "mako", "psycopg", "sqlalchemy.orm"} == set()
