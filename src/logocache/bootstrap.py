"""Puts the cache together: the only module that names the concrete parts.

Heavy engines (HTTP, image decoders, HTML parser) are imported when a run first needs them, so that
`stats` and `list` load nothing but the repository.
"""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property, partial
from threading import RLock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from logocache.cache import LogoCache
from logocache.catalog import Catalog, load_catalog
from logocache.names import Names
from logocache.operations.parts import Parts
from logocache.repository.repository import open_repository
from logocache.settings import Settings
from logocache.store.files import FileStore
from logocache.store.names import is_ours, key_of
from logocache.store.variants import FileVariants
from logocache.version import __version__

if TYPE_CHECKING:
    from logocache.fetcher.client import HttpFetcher
    from logocache.images.pool import DecoderPool
    from logocache.operations.search import Sources
    from logocache.ports import Provider

HOME_PAGE = "https://pypi.org/project/logocache/"


def open_cache(settings: Settings | None = None) -> LogoCache:
    """A cache with these settings, or with those of the environment. Touches no file and no network.

    Close it, or use it as a context manager.

    Raises:
        SettingsError: a setting is wrong.
        CatalogError: the operator's catalogue cannot be used.
    """
    settings = settings or Settings()
    make_parts = partial(_parts, settings, load_catalog(settings.catalog))
    cache = LogoCache(settings, make_parts())
    _CACHES[cache] = make_parts
    return cache


def _parts(settings: Settings, catalog: Catalog) -> Parts:
    repository = open_repository(
        settings.resolved_database_url,
        lease=settings.lease,
        most_on_demand=settings.on_demand_max_entries,
    )
    return Parts(
        catalog=catalog,
        repository=repository,
        store=FileStore(settings.dir, settings.private_dir),
        variants=FileVariants(settings.private_dir / "variants", max_count=settings.max_variants),
        engines=LazyEngines(settings),
        names=Names(catalog, repository),
        is_ours=is_ours,
        key_of=key_of,
        clock=utc_now,
        random=random.random,
    )


_CACHES: WeakKeyDictionary[LogoCache, Callable[[], Parts]] = WeakKeyDictionary()
"""Every cache of this process, with what makes its parts."""
_OF_THE_PARENT: list[Parts] = []
"""What a forked child has no use for, and may not end either."""


def _start_over() -> None:
    """In the child of a fork: locks may be held by threads that are not here, and connections,
    decoders and counts are the parent's. So every cache gets new parts, and nothing is mended.
    """
    for cache, make_parts in _CACHES.items():
        _OF_THE_PARENT.append(cache._start_over(make_parts()))  # noqa: SLF001  # not for users


os.register_at_fork(after_in_child=_start_over)


def utc_now() -> datetime:
    return datetime.now(UTC)


class LazyEngines:
    """The heavy parts, each made when it is first asked for; implements `operations.parts.Engines`.

    Safe to use from several threads, which `cached_property` alone is not.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._making = RLock()

    @property
    def images(self) -> "DecoderPool":
        with self._making:
            return self._images

    @property
    def sources(self) -> "Sources":
        with self._making:
            return self._sources

    def close(self) -> None:
        """End what was made."""
        if "_sources" in self.__dict__:
            self._sources.fetcher.close()
        if "_images" in self.__dict__:
            self._images.close()

    @cached_property
    def _images(self) -> "DecoderPool":
        from logocache.images.pool import DecoderPool
        from logocache.images.processors import available_processors

        settings = self._settings
        return DecoderPool(
            workers=min(settings.concurrency, available_processors()),
            max_pixels=settings.max_pixels,
            decode_timeout=settings.decode_timeout_seconds,
            memory_bytes=settings.decode_memory_bytes,
        )

    @cached_property
    def _sources(self) -> "Sources":
        from logocache.operations.search import Sources
        from logocache.providers.local import OwnFileProvider
        from logocache.providers.monogram import design
        from logocache.providers.registry import build_chain

        chain = build_chain(self._settings)
        return Sources(
            chain=chain,
            own_file=OwnFileProvider(self._settings.max_image_bytes),
            fetcher=self._fetcher(chain),
            images=self.images,
            monogram=design,
        )

    def _fetcher(self, chain: "tuple[Provider, ...]") -> "HttpFetcher":
        from logocache.fetcher.authorities import named_authorities
        from logocache.fetcher.client import HttpFetcher
        from logocache.fetcher.options import FetcherOptions

        settings = self._settings
        rates = {each.terms.id: each.terms.rate_per_second for each in chain}
        return HttpFetcher(
            FetcherOptions(
                user_agent=user_agent(settings),
                concurrency_per_host=settings.concurrency_per_host,
                retries=settings.retries,
                connect_timeout_seconds=settings.connect_timeout_seconds,
                request_timeout_seconds=settings.request_timeout_seconds,
                allowed_networks=settings.allowed_networks,
                connect_to=settings.connect_to,
                http_proxy=settings.http_proxy.get_secret_value() if settings.http_proxy else None,
                provider_rates={name: rate for name, rate in rates.items() if rate is not None},
                misconfigured_statuses={each.terms.id: each.terms.misconfigured_statuses for each in chain},
                many_host_providers=frozenset(each.terms.id for each in chain if each.terms.asks_many_hosts),
            ),
            ssl_context=named_authorities(),
        )


def user_agent(settings: Settings) -> str:
    """Honest, and with an address to complain to."""
    return f"logocache/{__version__} (+{settings.contact_url or HOME_PAGE})"
