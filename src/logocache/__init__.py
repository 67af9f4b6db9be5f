"""logocache: a self-hosted cache of company and integration logos.

    from logocache import Settings, open_cache

    with open_cache(Settings(dir="logos")) as cache:
        cache.init()
        logo = cache.get("shopify")

Importing this package loads no engine; `open_cache` does, as far as an operation needs it.
"""

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
from logocache.version import __version__

if TYPE_CHECKING:
    from logocache.cache import LogoCache
    from logocache.settings import Settings


def open_cache(settings: "Settings | None" = None) -> "LogoCache":
    """A cache with these settings, or with those of the environment: see `bootstrap.open_cache`."""
    from logocache import bootstrap

    return bootstrap.open_cache(settings)


def __getattr__(name: str) -> object:
    """`Settings` and `LogoCache` load pydantic, which `logocache --help` must not pay for."""
    if name == "Settings":
        from logocache.settings import Settings

        return Settings
    if name == "LogoCache":
        from logocache.cache import LogoCache

        return LogoCache
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CatalogError",
    "ConfigurationError",
    "DatabaseError",
    "DirectoryError",
    "DomainError",
    "LogoCache",
    "LogoCacheError",
    "ProviderError",
    "SchemaError",
    "SelectionError",
    "Settings",
    "SettingsError",
    "UnavailableError",
    "UnknownKeyError",
    "__version__",
    "open_cache",
]
