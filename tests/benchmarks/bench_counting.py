"""What counting a hit costs: batched, as logocache does it, against one UPDATE for each hit."""

import sqlite3
import tempfile
import time
from pathlib import Path

from side_by_side import Contest, run

from logocache import Settings, open_cache
from logocache.cache import LogoCache

HITS = 1000


def batched(cache: LogoCache) -> float:
    started = time.perf_counter()
    for _ in range(HITS):
        cache.lookup.count_hit("shopify", stale=False)
    cache.flush()
    return (time.perf_counter() - started) / HITS * 1_000_000


def one_by_one(database: Path) -> float:
    """The bare minimum of a naive counter: no library in between, and no durability either."""
    with sqlite3.connect(database, isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous = normal")
        started = time.perf_counter()
        for _ in range(HITS):
            connection.execute("UPDATE logo SET access_count = access_count + 1 WHERE key = 'shopify'")
        return (time.perf_counter() - started) / HITS * 1_000_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(dir=Path(folder) / "logos", offline=True)
        with open_cache(settings) as cache:
            cache.init(["shopify"])
            contestants = {
                "sqlite3, an UPDATE for each hit": lambda: one_by_one(settings.private_dir / "logocache.db"),
                "logocache, counted and flushed once": lambda: batched(cache),
            }
            run(
                Contest(
                    title="counting a hit",
                    unit="microseconds a hit",
                    larger_is_better=False,
                    contestants=contestants,
                )
            )


if __name__ == "__main__":
    main()
