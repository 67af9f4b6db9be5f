"""logocache: a self-hosted cache of company and integration logos.

    from logocache import Settings, open_cache

    with open_cache(Settings(dir="logos")) as cache:
        cache.init()
        logo = cache.get("shopify")

The names in `__all__`, and `create_app` and `create_router` of `logocache.server`, are the public API;
everything else may change in any release. Importing this package loads no heavy libraries; these are
imported when an operation needs them.
"""

import importlib
from typing import TYPE_CHECKING

from logocache.errors import (
    CatalogError,
    ConfigurationError,
    DatabaseError,
    DirectoryError,
    DomainError,
    LogoCacheError,
    ProviderError,
    SchemaError,
    SelectionError,
    SettingsError,
    UnavailableError,
    UnknownKeyError,
)

if TYPE_CHECKING:
    from logocache.bootstrap import open_cache
    from logocache.cache import LogoCache
    from logocache.documents import document_of
    from logocache.health import Health, HealthStatus, Readiness
    from logocache.model import Logo, LogoRecord, SortKey, Status
    from logocache.ports import Progress
    from logocache.queries import ClearSelection, FailOn, ImageFormat, ListQuery, Shape, Theme, Variant
    from logocache.results import (
        CacheStats,
        ClearPlan,
        ClearReport,
        Entry,
        FetchedLogo,
        FetchReport,
        Finding,
        FindingKind,
        IconSet,
        IconSets,
        IconSetStatus,
        Listing,
        Severity,
        VerifyReport,
    )
    from logocache.settings import Settings

__version__ = "0.1.0"
"""The version: the one place that the program, its packages and its image read."""

_LAZY = {
    "logocache.bootstrap": ("open_cache",),
    "logocache.cache": ("LogoCache",),
    "logocache.documents": ("document_of",),
    "logocache.health": ("Health", "HealthStatus", "Readiness"),
    "logocache.model": ("Logo", "LogoRecord", "SortKey", "Status"),
    "logocache.ports": ("Progress",),
    "logocache.results": (
        *("CacheStats", "ClearPlan", "ClearReport", "Entry", "FetchReport", "FetchedLogo", "Finding"),
        *("FindingKind", "IconSet", "IconSetStatus", "IconSets", "Listing", "Severity", "VerifyReport"),
    ),
    "logocache.queries": (
        "ClearSelection",
        "FailOn",
        "ImageFormat",
        "ListQuery",
        "Shape",
        "Theme",
        "Variant",
    ),
    "logocache.settings": ("Settings",),
}
"""Names imported on first access: their modules load pydantic and more, too slow for `logocache --help`."""


def __getattr__(name: str) -> object:
    for module, names in _LAZY.items():
        if name in names:
            value = getattr(importlib.import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "CacheStats",
    "CatalogError",
    "ClearPlan",
    "ClearReport",
    "ClearSelection",
    "ConfigurationError",
    "DatabaseError",
    "DirectoryError",
    "DomainError",
    "Entry",
    "FailOn",
    "FetchReport",
    "FetchedLogo",
    "Finding",
    "FindingKind",
    "Health",
    "HealthStatus",
    "IconSet",
    "IconSetStatus",
    "IconSets",
    "ImageFormat",
    "ListQuery",
    "Listing",
    "Logo",
    "LogoCache",
    "LogoCacheError",
    "LogoRecord",
    "Progress",
    "ProviderError",
    "Readiness",
    "SchemaError",
    "SelectionError",
    "Settings",
    "SettingsError",
    "Severity",
    "Shape",
    "SortKey",
    "Status",
    "Theme",
    "UnavailableError",
    "UnknownKeyError",
    "Variant",
    "VerifyReport",
    "__version__",
    "document_of",
    "open_cache",
]
