"""What every operation works with."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from logocache.catalog import Catalog
from logocache.names import Names
from logocache.operations.faults import Faults
from logocache.operations.search import Sources
from logocache.ports import Clock, Images
from logocache.repository.records import SavedFetch
from logocache.repository.repository import Repository
from logocache.store.files import FileStore
from logocache.store.variants import FileVariants


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
    store: FileStore
    variants: FileVariants
    engines: Engines
    names: Names
    is_ours: Callable[[str], bool]
    """Tells our file names from strangers."""
    key_of: Callable[[str], str | None]
    """The key in a file name of ours, where it can be read from it."""
    clock: Clock
    random: Callable[[], float]
    """Returns a number from 0 to 1."""
    watchers: list[Callable[[Sequence[SavedFetch]], None]] = field(default_factory=list)
    """Told of what was fetched and saved, from whichever thread; they must be quick. What they raise is
    logged."""

    interrupted: threading.Event = field(default_factory=threading.Event)
    """Set when the program ends: what cannot be asked any more says nothing, and is not saved."""

    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "faults", Faults(self.interrupted))  # the class is frozen

    def tell(self, fetches: Sequence[SavedFetch]) -> None:
        for watch in self.watchers:
            with self.faults.survived("watcher"):
                watch(fetches)
