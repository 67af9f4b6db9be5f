"""What each question costs with many entries, against 1,000: CPU of the program and the database.

The size of the work is in entries.
"""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import text

from harness.databases import postgres_server
from logocache import ListQuery, Settings, SortKey, Status, open_cache
from logocache.cache import LogoCache
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.totals import recount
from logocache.server.gallery import Gallery
from side_by_side import Contest, Figures, Options

FEW = 1_000
SHORTEST = 0.05
"""CPU seconds of one measurement, at least: a question is asked again until then."""
AT_ONCE = 50_000
"""Rows of one INSERT."""
CHOSEN = 10_000

NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (VALUES (:first) UNION ALL SELECT i + 1 FROM n WHERE i < :last)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(CAST(:first AS bigint), CAST(:last AS bigint)))",
}
COLUMNS = {
    "key": "'company' || i || '.com'",
    "name": "'Company ' || i",
    "domain": "'company' || i || '.com'",
    "category": "'category' || (i % 12)",
    "origin": "CASE WHEN i % 100 = 0 THEN 'on_demand' ELSE 'custom' END",
    "pinned": "false",
    "search_text": "replace('company~.com|company ~|company~.com', '~', CAST(i AS text))",
    "name_folded": "'company ' || i",
    "created_at": ":now",
    "status": "CASE WHEN i % 10 = 0 THEN 'pending' WHEN i % 10 = 1 THEN 'placeholder' ELSE 'cached' END",
    "file_name": "CASE WHEN i % 10 > 0 THEN 'company' || i || '_1f3a9c2e.png' END",
    "sha256": "CASE WHEN i % 10 > 0 THEN substr('0000000000' || i, -10) END",
    "size": "CASE WHEN i % 10 > 0 THEN 1000 + (i * 7919) % 20000 END",
    "width": "CASE WHEN i % 10 > 0 THEN 128 END",
    "height": "CASE WHEN i % 10 > 0 THEN 128 END",
    "provider": "CASE WHEN i % 10 = 1 THEN 'monogram' WHEN i % 10 > 0 THEN 'provider' || (i % 6) END",
    "source_url": "CASE WHEN i % 10 > 1 THEN 'https://company' || i || '.com/icon.png' END",
    "fetched_at": "CASE WHEN i % 10 > 0 THEN :fetched END",
    "checked_at": ":fetched",
    "next_attempt_at": ":later",
    "fetch_count": "1",
    "failure_count": "CASE WHEN i % 50 = 0 THEN 1 ELSE 0 END",
    "last_outcome": "CASE WHEN i % 50 = 0 THEN 'not_found' ELSE 'found' END",
    "access_count": "0",
}


def fill(cache: LogoCache, rows: int) -> None:
    database = cache._context.repository._database
    dialect = "sqlite" if database.address.is_sqlite else "postgresql"
    into, values = f"INSERT INTO logo ({', '.join(COLUMNS)})", f"SELECT {', '.join(COLUMNS.values())} FROM n"
    numbers = NUMBERS[dialect]
    insert = text(f"{numbers} {into} {values}" if dialect == "sqlite" else f"{into} {numbers} {values}")
    now = datetime.now(UTC)
    times = {"now": now, "fetched": now - timedelta(hours=1), "later": now + timedelta(days=7)}
    fixed = {name: f"{at:%Y-%m-%d %H:%M:%S.%f}" if dialect == "sqlite" else at for name, at in times.items()}
    for first in range(1, rows + 1, AT_ONCE):
        with database.write(unhurried=True) as connection:
            connection.execute(insert, fixed | {"first": first, "last": min(rows, first + AT_ONCE - 1)})
    with database.write(unhurried=True) as connection:
        connection.execute(text("UPDATE logo SET next_attempt_at = :later"), fixed)
        recount(connection)
    with database.write(unhurried=True) as connection:
        connection.execute(text("ANALYZE"))


def choose(cache: LogoCache) -> int:
    with cache._context.repository.unit() as unit:
        return sum(1 for _ in itertools.islice(unit.least_recently_used(), CHOSEN))


def stored_bytes(cache: LogoCache) -> int:
    with cache._context.repository.unit() as unit:
        return unit.stored_bytes()


def questions(cache: LogoCache) -> Mapping[str, Callable[[], object]]:
    repository, now = cache._context.repository, datetime.now(UTC)
    return {
        "health": cache.health,
        "stats": cache.stats,
        "ten largest": lambda: repository.largest(10),
        "list --filter text=": lambda: cache.list(ListQuery(text="pany 99", limit=100)),
        "list --filter text=, one": lambda: cache.list(ListQuery(text="ny 777.c", limit=100)),
        "list --filter status=": lambda: cache.list(ListQuery(statuses=(Status.CACHED,), limit=100)),
        "stored bytes, at each save": lambda: stored_bytes(cache),
        "eviction choice of 10,000": lambda: choose(cache),
        "due": lambda: repository.due_keys(DueFilter(now=now), limit=50),
        "find": lambda: cache.lookup.find("company500.com"),
        "page by key": lambda: repository.page(RecordFilter(), after="company5", limit=100),
        "/api/integrations": lambda: cache.list(ListQuery(limit=100)),
        **{
            f"/api/integrations?sort={sort}": partial(cache.list, ListQuery(sort=sort, limit=100))
            for sort in SortKey
        },
        "GET /": lambda: Gallery(cache).look(),
        "idle background refresh": lambda: cache.refresh(limit=50),
        "init, nothing due": cache.init,
    }


def cpu(pids: Callable[[], Iterator[int]]) -> float:
    """CPU seconds of this process and those."""
    total = time.process_time()
    for pid in pids():
        try:
            total += int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9
        except FileNotFoundError:
            continue
    return total


def measured(ask: Callable[[], object], pids: Callable[[], Iterator[int]]) -> Figures:
    ask()
    started, asked = cpu(pids), 0
    while (used := cpu(pids) - started) < SHORTEST or not asked:
        ask()
        asked += 1
    return {"CPU ms": used / asked * 1000}


@contextmanager
def opened(folder: Path, url: str, count: int) -> Iterator[LogoCache]:
    """A cache with so many entries in the new database at `url`."""
    settings = Settings(dir=folder, database_url=url, offline=True, max_size_mb=1_000_000)
    with open_cache(settings) as cache:
        cache.init(["shopify"])
        fill(cache, count)
        yield cache


def contests(options: Options) -> Iterator[Contest]:
    counts = (FEW, options.pick(quick=2 * FEW, default=100_000))
    for database, opening in DATABASES.items():
        with tempfile.TemporaryDirectory() as folder, opening() as (url, pids), ExitStack() as stack:
            asked = {
                count: questions(
                    stack.enter_context(opened(Path(folder) / f"{count}", url(f"rows{count}"), count))
                )
                for count in counts
            }
            for question in asked[FEW]:
                contestants = {
                    f"{count:,} entries": partial(measured, asked[count][question], pids) for count in counts
                }
                yield Contest(title=f"{database}, {question}", contestants=contestants)


@contextmanager
def sqlite() -> Iterator[tuple[Callable[[str], str], Callable[[], Iterator[int]]]]:
    with tempfile.TemporaryDirectory() as folder:
        yield (lambda name: f"sqlite:///{folder}/{name}.db"), lambda: iter(())


@contextmanager
def postgresql() -> Iterator[tuple[Callable[[str], str], Callable[[], Iterator[int]]]]:
    with postgres_server() as server:

        def url(name: str) -> str:
            server.create(name)
            return server.url(name)

        def pids() -> Iterator[int]:
            postmaster = (server.socket.parent / "postmaster.pid").read_text("ascii").split()[0]
            for task in Path(f"/proc/{postmaster}/task").iterdir():
                yield from map(int, (task / "children").read_text("ascii").split())

        yield url, pids


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}
