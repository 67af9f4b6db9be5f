"""Factories of values for tests, with defaults for all that a test does not care about."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from logocache.model import ImageInfo, Integration, LogoRecord, Origin, Status, StoredFile, StoredForm
from logocache.ports import NormalisedImage

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def make_integration(key: str = "shopify", **facts: Any) -> Integration:
    """`Any`: forwards to the dataclass, which checks the names."""
    defaults: dict[str, Any] = {
        "name": key.title(),
        "domain": f"{key}.test",
        "category": "ecommerce",
    }
    return Integration(key=key, **(defaults | facts))


def make_record(key: str = "shopify", **facts: Any) -> LogoRecord:
    record = LogoRecord(
        key=key,
        name=key.title(),
        domain=f"{key}.test",
        category="ecommerce",
        origin=Origin.CATALOG,
        created_at=NOW - 30 * DAY,
    )
    return replace(record, **facts)


def make_file(
    key: str = "shopify",
    *,
    content: bytes = b"png",
    size: int | None = None,
    width: int = 64,
    height: int = 64,
) -> StoredFile:
    digest = hashlib.sha256(content).hexdigest()
    return StoredFile(
        name=f"{key}_{digest[:8]}.png",
        sha256=digest,
        size=len(content) if size is None else size,
        width=width,
        height=height,
    )


def make_form(content: bytes, *, key: str = "shopify", suffix: str = ".svg") -> StoredForm:
    digest = hashlib.sha256(content).hexdigest()
    return StoredForm(name=f"{key}_{digest[:8]}{suffix}", sha256=digest, size=len(content))


def make_cached(key: str = "shopify", *, content: bytes = b"png", **facts: Any) -> LogoRecord:
    """An entry with a real logo, fetched just now."""
    defaults: dict[str, Any] = {
        "status": Status.CACHED,
        "file": make_file(key, content=content),
        "provider": "site",
        "source_url": f"https://{key}.test/icon.png",
        "fetched_at": NOW,
        "checked_at": NOW,
        "next_attempt_at": NOW + 7 * DAY,
    }
    return make_record(key, **(defaults | facts))


def make_image(
    content: bytes = b"png",
    *,
    width: int = 128,
    height: int = 128,
    kind: str = "png",
    shows_on_dark: bool = True,
    **forms: bytes | None,
) -> NormalisedImage:
    """`forms`: `svg` and `dark`."""
    source = ImageInfo(format=kind, width=width, height=height, shows_on_dark=shows_on_dark)
    return NormalisedImage(
        png=content,
        sha256=hashlib.sha256(content).hexdigest(),
        width=width,
        height=height,
        source=source,
        svg=forms.get("svg"),
        dark=forms.get("dark"),
    )


def files_by_key(records: Iterable[LogoRecord]) -> dict[str, str | None]:
    """The records' file names, by key."""
    return {record.key: record.file.name if record.file is not None else None for record in records}
