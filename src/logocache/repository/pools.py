"""Connections kept for one kind of work, and how long their statements may take. Pure values."""

from dataclasses import dataclass

WRITES = "logocache_writes"
"""Execution option of connections whose transactions write."""
UNHURRIED = "logocache_unhurried"
"""Execution option of connections whose statements may take as long as they do, such as migrations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    size: int
    """Idle connections that are kept."""
    overflow: int
    """Further ones for peaks."""
    statement_seconds: float
    """For the answer to one statement; a writer waits for its turn besides."""
    connect_seconds: int
    """For a new connection to a server."""


GENERAL = Pool(size=5, overflow=10, statement_seconds=20.0, connect_seconds=5)
"""Threads that wait for the writer lock must leave some for who holds it."""
LOOKUPS = Pool(size=4, overflow=2, statement_seconds=3.0, connect_seconds=3)
"""For single rows, which somebody waits for. Of their own, so that no long work can take them all."""
