"""A whole cache for tests: real files and a real SQLite database, fake sources, a clock that is set."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fakes import FakeFetcher, FakeImages, FakeProvider, Reply
from logocache.cache import LogoCache
from logocache.catalog import Catalog
from logocache.model import Integration, Monogram
from logocache.names import Names
from logocache.operations.parts import Parts
from logocache.operations.search import Sources
from logocache.repository.repository import Repository, open_repository
from logocache.settings import Settings
from logocache.store.files import FileStore
from logocache.store.names import is_ours, key_of
from logocache.store.variants import FileVariants
from makers import NOW, make_integration

SHOPIFY = "https://shopify.test/icon.png"
SLACK = "https://slack.test/icon.png"
STRIPE = "https://stripe.test/icon.png"


@dataclass
class FakeEngines:
    """The heavy parts, made of fakes."""

    chain: tuple[FakeProvider, ...]
    fetcher: FakeFetcher
    images: FakeImages
    made: int = 0
    closed: bool = False

    @property
    def sources(self) -> Sources:
        self.made += 1
        return Sources(
            chain=self.chain,
            own_file=FakeProvider("file"),
            fetcher=self.fetcher,
            images=self.images,
            monogram=lambda integration: Monogram(
                initials=integration.key, background="#000000", foreground="#FFFFFF"
            ),
        )

    def close(self) -> None:
        self.closed = True
        self.fetcher.close()


@dataclass
class SetClock:
    """A clock that goes only when told."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class Bench:
    """A cache whose sources and clock the test holds in its hands."""

    folder: Path
    integrations: Sequence[Integration] = field(
        default_factory=lambda: [make_integration(key) for key in ("shopify", "slack", "stripe")]
    )
    chain: Sequence[FakeProvider] = field(
        default_factory=lambda: [FakeProvider(urls=["https://{domain}/icon.png"])]
    )
    replies: Mapping[str, Reply] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        self.fetcher = FakeFetcher(self.replies)
        self.images = FakeImages()

    def open(self, **settings: Any) -> LogoCache:
        """The cache, as a process of its own would open it."""
        made = Settings(**({"dir": self.folder / "logos"} | dict(self.settings) | settings))
        catalog = Catalog(tuple(self.integrations))
        repository = open_repository(
            made.resolved_database_url, lease=made.lease, most_on_demand=made.on_demand_max_entries
        )
        parts = Parts(
            catalog=catalog,
            repository=repository,
            store=FileStore(made.dir, made.private_dir),
            variants=FileVariants(made.private_dir / "variants", max_count=made.max_variants),
            engines=FakeEngines(tuple(self.chain), self.fetcher, self.images),
            names=Names(catalog, repository),
            is_ours=is_ours,
            key_of=key_of,
            clock=self.clock,
            random=lambda: 1.0,
        )
        return LogoCache(made, parts)

    @contextmanager
    def repository(self) -> Iterator[Repository]:
        """The facts, as another process sees them."""
        made = Settings(dir=self.folder / "logos", **dict(self.settings))
        with closing(open_repository(made.resolved_database_url)) as repository:
            yield repository

    @property
    def files(self) -> dict[str, bytes]:
        """The visible files of the cache directory."""
        return {
            path.name: path.read_bytes() for path in (self.folder / "logos").glob("*.*") if path.is_file()
        }


class Steps:
    """Progress that is written down."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.labels: list[str] = []

    def start(self, total: int) -> None:
        self.total = total

    def advance(self, label: str) -> None:
        self.labels.append(label)
