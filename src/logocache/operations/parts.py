"""What every operation works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from logocache.catalog import Catalog
from logocache.names import Names
from logocache.operations.search import Sources
from logocache.ports import Clock
from logocache.ports.images import Images
from logocache.ports.repository import Repository
from logocache.ports.store import Store


class Engines(Protocol):
    """The heavy parts, each made when it is first asked for."""

    @property
    def images(self) -> Images: ...

    @property
    def sources(self) -> Sources: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The boxes of one cache, and its surroundings."""

    catalog: Catalog
    repository: Repository
    store: Store
    engines: Engines
    names: Names
    owner: str
    """Names this process in leases."""
    is_ours: Callable[[str], bool]
    """Tells our file names from strangers."""
    clock: Clock
    random: Callable[[], float]
    """Returns a number from 0 to 1."""
