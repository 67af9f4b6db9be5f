"""What the shell offers for values: quick, and without opening the cache."""

from enum import StrEnum

PROVIDERS = (
    *("site", "duckduckgo", "google", "yandex", "twenty", "clearbit", "logodev", "template", "iconsets"),
    *("monogram", "file"),
)
"""From whom a stored logo may be. The registry knows them, but would load the providers' engines."""


def keys(incomplete: str) -> list[str]:
    """Keys of the built-in catalogue."""
    from logocache.catalog import load_catalog

    return _starting([each.key for each in load_catalog(None).integrations], incomplete)


def providers(incomplete: str) -> list[str]:
    return _starting(PROVIDERS, incomplete)


def statuses(incomplete: str) -> list[str]:
    from logocache.model import Status

    return _starting(_values(Status), incomplete)


def sort_keys(incomplete: str) -> list[str]:
    from logocache.model import SortKey

    return _starting(_values(SortKey), incomplete)


def filters(incomplete: str) -> list[str]:
    from logocache.model import Status

    named = [f"status={status}" for status in _values(Status)] + [f"provider={name}" for name in PROVIDERS]
    return _starting([*named, "category=", "text=", "stale", "failing", "pinned"], incomplete)


def failures(incomplete: str) -> list[str]:
    """What --fail-on takes; of several kinds, the last one is completed."""
    from logocache.results import FindingKind, Severity

    before, comma, _ = incomplete.rpartition(",")
    kinds = [f"{before}{comma}{kind}" for kind in _values(FindingKind)]
    return _starting(kinds if comma else [*_values(Severity), "never", *kinds], incomplete)


def _values(options: type[StrEnum]) -> list[str]:
    return [option.value for option in options]


def _starting(words: "list[str] | tuple[str, ...]", incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
