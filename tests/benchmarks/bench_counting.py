"""What counting a hit costs: batched, as logocache does it, against one UPDATE for each hit."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from logocache import Settings, open_cache
from logocache.cache import LogoCache
from side_by_side import Contest, Figures, Options


def contests(options: Options) -> Iterator[Contest]:
    hits = options.pick(quick=100, default=20_000)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(dir=Path(folder) / "logos", offline=True)
        with open_cache(settings) as cache:
            cache.init(["shopify"])
            database = settings.private_dir / "logocache.db"
            yield Contest(
                title="counting a hit",
                contestants={
                    "sqlite3, an UPDATE for each hit": lambda: one_by_one(database, hits),
                    "logocache, counted and flushed once": lambda: batched(cache, hits),
                },
            )


def batched(cache: LogoCache, hits: int) -> Figures:
    started, began = time.process_time(), time.perf_counter()
    for _ in range(hits):
        cache.lookup.count_hit("shopify", stale=False)
    cache.flush()
    return per_hit(time.process_time() - started, time.perf_counter() - began, hits)


def one_by_one(database: Path, hits: int) -> Figures:
    """The bare minimum of a naive counter: no library in between, and no durability either."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = normal")
        started, began = time.process_time(), time.perf_counter()
        for _ in range(hits):
            connection.execute("UPDATE logo SET access_count = access_count + 1 WHERE key = 'shopify'")
        return per_hit(time.process_time() - started, time.perf_counter() - began, hits)
    finally:
        connection.close()


def per_hit(cpu: float, wall: float, hits: int) -> Figures:
    return {"CPU µs/hit": cpu / hits * 1e6, "µs/hit": wall / hits * 1e6}
