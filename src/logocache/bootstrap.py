"""Builds the cache: the only module that names the concrete implementations.

Heavy ones (HTTP, image decoders, HTML parser) are imported when first used: `stats` and `list` load
only the repository.
"""

import math
import os
import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from logocache.cache import LogoCache
from logocache.catalog import Catalog, load_catalog
from logocache.model import Integration
from logocache.operations.context import Context, Lazy
from logocache.ports import Monogram, utc_now
from logocache.repository import Repository, open_repository
from logocache.settings import Settings
from logocache.store.files import FileStore
from logocache.store.icon_set_files import IconSetFiles
from logocache.store.variants import FileVariants

if TYPE_CHECKING:
    from logocache.fetcher.client import HttpFetcher
    from logocache.images.pool import DecoderPool
    from logocache.operations.placeholders import PlaceholderDetector
    from logocache.ports import IconSetDocument, Images, Provider


def open_cache(settings: Settings | None = None) -> LogoCache:
    """Open a cache with these settings, or those of the environment. Uses no file and no network yet.

    Close it, or use it as a context manager.

    Raises:
        SettingsError: a setting is invalid.
        CatalogError: the operator's catalogue cannot be used.
    """
    settings = settings or Settings()
    make_context = partial(_context, settings, load_catalog(settings.catalog))
    cache = LogoCache(make_context())
    _CACHES[cache] = make_context
    return cache


def _context(settings: Settings, catalog: Catalog) -> Context:
    icon_sets = IconSetFiles(settings.private_dir)
    chain = Lazy(partial(_chain, settings, icon_sets))
    images: Lazy[Images] = Lazy(partial(_images, settings))
    repository = open_repository(
        settings.resolved_database_url, lease=settings.lease, most_on_demand=settings.on_demand_max_entries
    )
    return Context(
        settings=settings,
        catalog=catalog,
        repository=repository,
        store=FileStore(settings.dir, settings.private_dir, processors=available_processors),
        variants=FileVariants(settings.private_dir / "variants", max_count=settings.max_variants),
        icon_sets=icon_sets,
        check_icon_set=_check_icon_set,
        chain=chain,
        own_file=Lazy(partial(_own_file, settings)),
        fetcher=Lazy(lambda: _fetcher(settings, chain())),
        images=images,
        monogram=_monogram,
        placeholders=Lazy(partial(_placeholders, images, repository, catalog)),
        clock=utc_now,
        random=random.random,
    )


_CACHES: WeakKeyDictionary[LogoCache, Callable[[], Context]] = WeakKeyDictionary()
"""Every cache of this process, with the factory of its context."""
_OF_THE_PARENT: list[Context] = []
"""Contexts of the parent, which a forked child may neither use nor close."""


def _start_over() -> None:
    """Give every cache a new context in the child of a fork.

    Locks may be held by threads that do not exist here; connections, decoders and counts are the
    parent's.
    """
    for cache, make_context in _CACHES.items():
        _OF_THE_PARENT.append(cache._start_over(make_context()))  # noqa: SLF001  # not for users


os.register_at_fork(after_in_child=_start_over)


def _chain(settings: Settings, icon_sets: IconSetFiles) -> "tuple[Provider, ...]":
    from logocache.providers import iconsets
    from logocache.providers.iconify import KeptSets
    from logocache.providers.registry import REGISTRY, build_chain

    kept = KeptSets(partial(icon_sets.paths, settings.iconify_sets))
    return build_chain(settings, {**REGISTRY, "iconsets": partial(iconsets.build, kept=kept)})


def _check_icon_set(content: bytes, info: bytes, package: bytes, *, source: str) -> "IconSetDocument":
    from logocache.providers.iconify import check

    return check(content, info, package, source=source)


def _own_file(settings: Settings) -> "Provider":
    from logocache.providers.configured import OwnFileProvider

    return OwnFileProvider(settings.max_image_bytes)


def _monogram(integration: Integration) -> Monogram:
    from logocache.providers.monogram import design

    return design(integration)


def _images(settings: Settings) -> "DecoderPool":
    from logocache.images.pool import DecoderPool

    return DecoderPool(
        workers=min(settings.concurrency, available_processors()),
        max_pixels=settings.max_pixels,
        decode_timeout=settings.decode_timeout_seconds,
        memory_bytes=settings.decode_memory_bytes,
    )


def _placeholders(images: "Lazy[Images]", repository: Repository, catalog: Catalog) -> "PlaceholderDetector":
    from logocache.operations.placeholders import PlaceholderDetector

    return PlaceholderDetector(images, repository.placeholders, catalog, clock=utc_now)


def _fetcher(settings: Settings, chain: "tuple[Provider, ...]") -> "HttpFetcher":
    from logocache.fetcher.client import HttpFetcher
    from logocache.fetcher.transport import named_authorities

    terms = [provider.terms for provider in chain]
    return HttpFetcher(settings, terms, ssl_context=named_authorities())


def available_processors(root: Path = Path("/")) -> int:
    """Processors of this process: its CPU affinity, within the quota of its container.

    At least 1; a quota of 1.5 processors counts as 2. `root` is the folder with `proc` and `sys`.
    """
    return max(1, math.ceil(min((_processors_of_process(), *_quotas(root)))))


def _processors_of_process() -> int:
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS binds no process


def _quotas(root: Path) -> Iterator[float]:
    """The CPU quotas, in processors, of the process's control groups and their ancestors.

    `/proc/self/cgroup` names a group for each hierarchy, see cgroups(7): `0::/group` in version 2,
    `4:cpu,cpuacct:/group` in version 1. In a container the ancestors may not be visible, and its own
    group may be mounted at the top.
    """
    cgroups = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        path = PurePosixPath(*(part for part in group.split("/") if part not in {"", ".."}))
        for folder in (path, *path.parents):
            if not controllers:
                yield from _quota(*_read(cgroups / folder / "cpu.max").split()[:2])
            elif "cpu" in controllers.split(","):
                v1 = cgroups / "cpu" / folder
                yield from _quota(_read(v1 / "cpu.cfs_quota_us"), _read(v1 / "cpu.cfs_period_us"))


def _quota(quota: str = "", period: str = "") -> Iterator[float]:
    """The quota in processors; nothing without a limit (`max` in version 2, -1 in version 1)."""
    try:
        processors = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return
    if processors > 0:
        yield processors


def _read(path: Path) -> str:
    """The file's text; empty if it does not exist or cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
