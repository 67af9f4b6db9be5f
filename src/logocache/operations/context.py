"""What the operations of one cache share: parts, state, names of entries, and the counting of faults.

exception while fetching an entry      result
UnavailableError; out of memory or     raised as UnavailableError: ends the run after saving what is
threads, missing library               finished
any other exception                    outcome `error` of the source, or else of the entry; other
                                       sources and entries continue
the same, once the program ends        outcome `not_asked`
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from logocache.catalog import Catalog
from logocache.domains import canonical_domain, without_www
from logocache.errors import DomainError, UnavailableError, UnknownKeyError, raise_if_exhausted
from logocache.model import Integration, LogoRecord, Origin, OutcomeKind
from logocache.operations.default_icons import DefaultIcons, default_icons
from logocache.operations.identity import Identity
from logocache.policy.attempts import AttemptRules, SourceResult
from logocache.ports import CheckIconSet, Clock, Fetcher, Images, Monogram, Progress, Provider
from logocache.repository import Repository
from logocache.repository.mapping import SavedFetch
from logocache.settings import Settings
from logocache.store.files import FileStore
from logocache.store.icon_set_files import IconSetFiles
from logocache.store.variants import FileVariants

if TYPE_CHECKING:
    from logocache.operations.placeholders import PlaceholderDetector

ON_DEMAND_CATEGORY = "on-demand"


class Names:
    """Finds entries by name: in the catalogue, in the database, then by `Catalog.find`."""

    def __init__(self, catalog: Catalog, repository: Repository) -> None:
        self._catalog = catalog
        self._repository = repository

    def keys(self, names: Iterable[str]) -> tuple[str, ...] | None:
        """Resolve names to keys; None if there are no names. Raises UnknownKeyError for the first unknown."""
        found = tuple(dict.fromkeys(self._known(name) for name in names))
        return found or None

    def find(self, name: str) -> LogoRecord | None:
        """Return the stored entry of that name, or None. Accepts any text."""
        key = self._key(name)
        return self._repository.get(key) if key is not None else None

    def domains(self, names: Sequence[str]) -> tuple[Integration, ...]:
        """Return the on-demand entries among `names`, new and existing ones.

        Raises:
            UnknownKeyError: a name is neither known nor in the form of a domain.
            DomainError: it has that form, but is not a public host.
        """
        keys = [(name, self._key(name)) for name in names]
        return tuple(self._on_demand(key or name) for name, key in keys if key is None or "." in key)

    def admissible(self, name: str) -> Integration:
        """Return the catalogue's integration for `name`, or a new one for a domain.

        Raises UnknownKeyError and DomainError as `domains`.
        """
        return self._catalog.find(name) or self._on_demand(name)

    def key_in_catalog(self, name: str) -> str | None:
        """Return the key of the catalogue's entry of exactly that name, if any. Does not use the database."""
        integration = self._catalog.named(name)
        return integration.key if integration is not None else None

    def integration_of(self, record: LogoRecord) -> Integration:
        """Return the catalogue's integration of the entry, or one made from its record."""
        known = self._catalog.named(record.key)
        if known is not None and known.key == record.key:
            return known
        return Integration(
            key=record.key,
            name=record.name,
            domain=record.domain,
            category=record.category,
            origin=record.origin,
            pinned=record.pinned,
        )

    def _known(self, name: str) -> str:
        key = self._key(name)
        if key is None:
            raise self._unknown(name)
        return key

    def _key(self, name: str) -> str | None:
        key = self.key_in_catalog(name)
        if key is not None:
            return key
        try:
            domain = without_www(canonical_domain(name))
        except DomainError:
            # A key of an earlier catalogue is not a domain, but may still be in the cache.
            record = self._repository.get(name)
        else:
            record = self._repository.find_by_domain(domain)
        if record is not None:
            return record.key
        meant = self._catalog.find(name)
        return meant.key if meant is not None else None

    def _on_demand(self, name: str) -> Integration:
        if "." not in name and ":" not in name:
            raise self._unknown(name)
        domain = without_www(canonical_domain(name))
        return Integration(
            key=domain, name=domain, domain=domain, category=ON_DEMAND_CATEGORY, origin=Origin.ON_DEMAND
        )

    def _unknown(self, name: str) -> UnknownKeyError:
        nearest = self._catalog.nearest(name)
        shown = name if len(name) <= 60 else name[:57] + "..."  # noqa: PLR2004  # as much as fits a line
        hint = f"did you mean {nearest}?" if nearest else "`logocache list -q` shows all keys"
        return UnknownKeyError(f"no logo is called {shown!r}", hint=hint)


OURS = "logocache."

_log = logging.getLogger(__name__)


class Faults:
    """Failures of this process. Safe to use from several threads."""

    def __init__(self, interrupted: threading.Event) -> None:
        """`interrupted` is set when the program ends."""
        self._interrupted = interrupted
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def result_of(self, error: Exception, *, key: str, provider: str = "") -> SourceResult:
        """Result for the entry `key` of an `error` raised while fetching it.

        Raises UnavailableError if the entry is not the cause.
        """
        if isinstance(error, UnavailableError):
            raise error
        raise_if_exhausted(error)
        if self._interrupted.is_set():
            return SourceResult(provider=provider, kind=OutcomeKind.NOT_ASKED, reason="the program ends")
        fault = description(error)
        self._log_fault("entry.error", fault, error, key=key, provider=provider)
        return SourceResult(provider=provider, kind=OutcomeKind.ERROR, reason=fault)

    @contextmanager
    def suppressed(self, who: str) -> Iterator[None]:
        """Log and suppress exceptions of the callback `who`."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # a callback may raise anything
            self._log_fault("watcher.error", description(error), error, watcher=who)

    def _log_fault(self, event: str, fault: str, error: Exception, **about: str) -> None:
        """Log the fault, with a traceback the first time only: it may occur at every entry."""
        with self._lock:
            is_news = fault not in self._known
            self._known.add(fault)
        level = logging.ERROR if is_news else logging.INFO
        _log.log(level, event, extra={**about, "fault": fault}, exc_info=error if is_news else None)


class SteadyProgress:
    """Progress whose exceptions are logged and suppressed."""

    def __init__(self, progress: Progress, faults: Faults) -> None:
        self._progress = progress
        self._faults = faults

    def start(self, total: int, *, verb: str = "") -> None:
        with self._faults.suppressed("progress"):
            self._progress.start(total, verb=verb)

    def advance(self, label: str) -> None:
        with self._faults.suppressed("progress"):
            self._progress.advance(label)


def description(error: BaseException) -> str:
    """Type and place of an error, such as `ValueError in providers.icons, line 50`.

    Its message is left out, since it may contain data of a source or a secret; the log has it.
    """
    module, line = _place(error.__traceback__)
    return f"{type(error).__name__} in {module}, line {line}"


def _place(traceback: TracebackType | None) -> tuple[str, int]:
    """Module and line of the innermost frame of ours, or else of any."""
    place, is_ours = ("an unknown place", 0), False
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", "?"))
        if module.startswith(OURS) or not is_ours:
            place, is_ours = (module.removeprefix(OURS), traceback.tb_lineno), module.startswith(OURS)
        traceback = traceback.tb_next
    return place


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

    def start_over(self) -> None:
        """Make the part anew, if it was made, as the same object. For the child of a fork."""
        self._making = threading.Lock()  # a thread that does not exist here may hold the other
        for part in self._made:
            vars(part).update(vars(self._make()))


@dataclass(frozen=True, kw_only=True)
class Context:
    """Cheap to create. Safe to use from several threads."""

    settings: Settings
    catalog: Catalog
    repository: Repository
    store: FileStore
    variants: FileVariants
    icon_sets: IconSetFiles
    check_icon_set: CheckIconSet
    chain: Lazy[tuple[Provider, ...]]
    own_file: Lazy[Provider]
    """The only provider for entries with an operator's file."""
    fetcher: Lazy[Fetcher]
    images: Lazy[Images]
    monogram: Callable[[Integration], Monogram]
    placeholders: "Lazy[PlaceholderDetector]"
    default_icons: Callable[[], DefaultIcons] = default_icons
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
