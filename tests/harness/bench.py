"""A whole cache for tests: real files and a real SQLite database, fake sources, a controlled clock."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.databases import write_migrated
from harness.factories import NOW, make_integration
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, Reply
from logocache.cache import LogoCache
from logocache.catalog import Catalog
from logocache.model import Integration
from logocache.operations.context import Context, Lazy
from logocache.operations.default_icons import DefaultIcons
from logocache.operations.default_icons import default_icons as real_default_icons
from logocache.operations.placeholders import PlaceholderDetector
from logocache.ports import Clock, Monogram, Provider
from logocache.providers.iconify import check
from logocache.repository import LOCK_WAIT, Repository, open_repository
from logocache.repository.database import Database
from logocache.repository.engine import parse_address
from logocache.settings import Settings
from logocache.store.files import FileStore
from logocache.store.icon_set_files import IconSetFiles
from logocache.store.variants import FileVariants

OPENED: list[Repository] = []
"""Databases opened by the running test; tests/conftest.py closes them at its end."""

SHOPIFY = "https://shopify.test/icon.png"
SLACK = "https://slack.test/icon.png"
STRIPE = "https://stripe.test/icon.png"


@dataclass
class SetClock:
    """A clock that only `advance` moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **length: float) -> None:
        self.now += timedelta(**length)


class TemplateRepository(Repository):
    """Its `migrate` makes a SQLite database as a copy of a migrated one: in 1 ms, not 35."""

    def migrate(self) -> bool:
        address = self._database.address
        is_new = address.is_sqlite and address.path.parent.exists() and not address.path.exists()
        if is_new:
            write_migrated(address.path)
        return super().migrate() or is_new


def make_context(
    settings: Settings,
    *,
    catalog: Catalog,
    chain: Sequence[Provider],
    fetcher: FakeFetcher,
    images: FakeImages,
    clock: Clock,
    own_file: FakeProvider | None = None,
    placeholders: PlaceholderDetector | None = None,
    default_icons: DefaultIcons | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Context:
    """A context with real files and a real database, all else fake. The database is closed after the test."""
    repository = TemplateRepository(
        Database(parse_address(settings.resolved_database_url), lock_wait=LOCK_WAIT),
        lease=settings.lease,
        most_on_demand=settings.on_demand_max_entries,
    )
    OPENED.append(repository)
    return Context(
        settings=settings,
        catalog=catalog,
        repository=repository,
        store=FileStore(settings.dir, settings.private_dir),
        variants=FileVariants(settings.private_dir / "variants", max_count=settings.max_variants),
        icon_sets=IconSetFiles(settings.private_dir),
        check_icon_set=check,
        chain=Lazy(lambda: tuple(chain)),
        own_file=Lazy(lambda: own_file or FakeProvider("file")),
        fetcher=Lazy(lambda: fetcher),
        images=Lazy(lambda: images),
        monogram=lambda integration: Monogram(
            initials=integration.key, background="#000000", foreground="#FFFFFF"
        ),
        placeholders=Lazy(
            lambda: (
                placeholders
                or PlaceholderDetector(lambda: images, repository.placeholders, catalog, clock=clock)
            )
        ),
        default_icons=(lambda: default_icons) if default_icons is not None else real_default_icons,
        clock=clock,
        random=lambda: 1.0,
        monotonic=monotonic,
    )


@dataclass
class Bench:
    """A cache whose sources and clock the test controls."""

    folder: Path
    integrations: Sequence[Integration] = field(
        default_factory=lambda: [make_integration(key) for key in ("shopify", "slack", "stripe")]
    )
    chain: Sequence[Provider] = field(
        default_factory=lambda: [FakeProvider(urls=["https://{domain}/icon.png"])]
    )
    replies: Mapping[str, Reply] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        self.fetcher = FakeFetcher(self.replies)
        self.images = FakeImages()

    def open(self, **settings: Any) -> LogoCache:
        """The cache, as a new process would open it."""
        made = Settings(**({"dir": self.folder / "logos"} | dict(self.settings) | settings))
        return LogoCache(
            make_context(
                made,
                catalog=Catalog(tuple(self.integrations)),
                chain=self.chain,
                fetcher=self.fetcher,
                images=self.images,
                clock=self.clock,
            )
        )

    @contextmanager
    def repository(self) -> Iterator[Repository]:
        """The database, as another process sees it."""
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
    """Progress that records its calls."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.labels: list[str] = []
        self.verbs: list[str] = []

    def start(self, total: int, *, verb: str = "") -> None:
        self.total = total
        self.verbs.append(verb)

    def advance(self, label: str) -> None:
        self.labels.append(label)
