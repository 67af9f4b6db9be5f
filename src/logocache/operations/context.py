"""What all operations of one cache share: its boxes, its surroundings, and what it learns."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from logocache.catalog import Catalog
from logocache.model import Integration
from logocache.operations.faults import Faults
from logocache.operations.identity import Identity
from logocache.operations.placeholders import PlaceholderDetector
from logocache.operations.resolve import Names
from logocache.policy.attempts import AttemptRules
from logocache.ports import Clock, Fetcher, Images, Monogram, Provider
from logocache.repository.mapping import SavedFetch
from logocache.repository.repository import Repository
from logocache.settings import Settings
from logocache.store.files import FileStore
from logocache.store.variants import FileVariants

Value = TypeVar("Value")


class Lazy(Generic[Value]):
    """A heavy part, made by whichever thread first asks for it, and only once."""

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._made: list[Value] = []
        self._making = threading.Lock()

    def __call__(self) -> Value:
        with self._making:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    @property
    def made(self) -> Sequence[Value]:
        """It, or nothing. Waits for nobody."""
        return tuple(self._made)


@dataclass(frozen=True, kw_only=True)
class Context:
    """Made with the cache, and cheap. Safe to use from several threads."""

    settings: Settings
    catalog: Catalog
    repository: Repository
    store: FileStore
    variants: FileVariants
    chain: Lazy[tuple[Provider, ...]]
    own_file: Lazy[Provider]
    """Asked alone, for entries that name a file of the operator's."""
    fetcher: Lazy[Fetcher]
    images: Lazy[Images]
    monogram: Callable[[Integration], Monogram]
    placeholders: PlaceholderDetector
    clock: Clock
    random: Callable[[], float]
    """Returns a number from 0 to 1."""
    monotonic: Callable[[], float] = time.monotonic
    watchers: list[Callable[[Sequence[SavedFetch]], None]] = field(default_factory=list)
    """Told of what was fetched and saved, from whichever thread; they must be quick. What they raise is
    logged."""

    interrupted: threading.Event = field(default_factory=threading.Event)
    """Set when the program ends: what cannot be asked any more says nothing, and is not saved."""

    names: Names = field(init=False)
    identity: Identity = field(init=False)
    faults: Faults = field(init=False)
    attempt_rules: AttemptRules = field(init=False)

    def __post_init__(self) -> None:
        is_inside = self.settings.database_url is None
        made = {
            "names": Names(self.catalog, self.repository),
            "identity": Identity(self.repository, self.store, self.clock, is_inside=is_inside),
            "faults": Faults(self.interrupted),
            "attempt_rules": attempt_rules(self.settings),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)  # the class is frozen

    def tell(self, fetches: Sequence[SavedFetch]) -> None:
        """Tell all watchers."""
        for watch in self.watchers:
            with self.faults.survived("watcher"):
                watch(fetches)

    def close_engines(self) -> None:
        """End what fetches and decodes, where it was made."""
        for fetcher in self.fetcher.made:
            fetcher.close()
        for images in self.images.made:
            images.close()


def attempt_rules(settings: Settings) -> AttemptRules:
    """The lengths of time that decide when to ask again."""
    return AttemptRules(
        refresh_interval=settings.refresh_interval,
        miss_ttl=settings.miss_ttl,
        blocked_ttl=settings.blocked_ttl,
        backoff_min=settings.backoff_min,
        backoff_max=settings.backoff_max,
    )
