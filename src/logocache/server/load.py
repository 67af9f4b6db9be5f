"""How much one worker has to do, and holds in memory."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    queue_length: int
    """Logos that wait to be fetched."""
    queue_limit: int
    fetches_in_progress: int
    hot_bytes: int
    """Bytes of logos in memory."""
    hot_entries: int


class Fetches(Protocol):
    """What fetches are under way; see `flights.Flights`."""

    @property
    def waiting(self) -> int: ...

    @property
    def limit(self) -> int: ...

    @property
    def in_progress(self) -> int: ...


class Memory(Protocol):
    """What is held in memory; see `bodies.Bodies`."""

    @property
    def size_bytes(self) -> int: ...

    def __len__(self) -> int: ...


def load_of(fetches: Fetches, memory: Memory) -> Load:
    """The load at this moment."""
    return Load(
        queue_length=fetches.waiting,
        queue_limit=fetches.limit,
        fetches_in_progress=fetches.in_progress,
        hot_bytes=memory.size_bytes,
        hot_entries=len(memory),
    )
