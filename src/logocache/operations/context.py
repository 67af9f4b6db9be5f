"""Context that all operations of one cache share: its parts, its environment, its shared state."""

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
    """A heavy part, made once, by the first thread that needs it."""

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
        """The part, or nothing if it was not made yet. Does not wait."""
        return tuple(self._made)


@dataclass(frozen=True, kw_only=True)
class Context:
    """Cheap to create. Safe to use from several threads."""

    settings: Settings
    catalog: Catalog
    repository: Repository
    store: FileStore
    variants: FileVariants
    chain: Lazy[tuple[Provider, ...]]
    own_file: Lazy[Provider]
    """The only provider for entries with an operator's file."""
    fetcher: Lazy[Fetcher]
    images: Lazy[Images]
    monogram: Callable[[Integration], Monogram]
    placeholders: PlaceholderDetector
    clock: Clock
    random: Callable[[], float]
    """Returns a number from 0 up to 1."""
    monotonic: Callable[[], float] = time.monotonic
    watchers: list[Callable[[Sequence[SavedFetch]], None]] = field(default_factory=list)
    """Called from any thread with what was fetched and saved. They must be quick; their exceptions are
    logged."""

    interrupted: threading.Event = field(default_factory=threading.Event)
    """Set when the program ends: requests that it cuts off are not saved as outcomes."""

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

    def notify(self, fetches: Sequence[SavedFetch]) -> None:
        """Call all watchers."""
        for watch in self.watchers:
            with self.faults.suppressed("watcher"):
                watch(fetches)

    def close_engines(self) -> None:
        """Close fetcher and decoders, if they were made."""
        for fetcher in self.fetcher.made:
            fetcher.close()
        for images in self.images.made:
            images.close()


def attempt_rules(settings: Settings) -> AttemptRules:
    """The retry intervals of these settings."""
    return AttemptRules(
        refresh_interval=settings.refresh_interval,
        miss_ttl=settings.miss_ttl,
        blocked_ttl=settings.blocked_ttl,
        backoff_min=settings.backoff_min,
        backoff_max=settings.backoff_max,
    )
