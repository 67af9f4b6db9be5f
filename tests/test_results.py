"""Results as JSON."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import cast

import pytest

from harness.factories import NOW, make_cached, make_record
from logocache.documents import SCHEMA_VERSION, Json, _plain, document_of
from logocache.model import Status
from logocache.results import (
    ClearedLogo,
    ClearPlan,
    Entry,
    Listing,
    OrphanFile,
)


def entry_of(entry: Entry) -> dict[str, Json]:
    """The entry as it stands in a listing's document."""
    (shown,) = cast("list[dict[str, Json]]", document_of(Listing(entries=(entry,), matching=1))["entries"])
    return shown


def test_a_document_names_its_version_and_command_first() -> None:
    document = document_of(Listing(entries=(), matching=0))
    assert list(document.items()) == [
        ("schema_version", SCHEMA_VERSION),
        ("command", "list"),
        ("entries", []),
        ("matching", 0),
        ("matching_capped", False),
    ]


def test_an_entry_with_a_logo() -> None:
    shown = entry_of(Entry.of(make_cached(), stale=True))
    assert shown["status"] == "cached"
    assert shown["stale"] is True
    assert shown["size_bytes"] == 3
    assert shown["fetched_at"] == "2026-11-22T12:00:00Z"
    assert json.loads(json.dumps(shown)) == shown


def test_what_is_not_known_is_null() -> None:
    shown = entry_of(Entry.of(make_record(), stale=False))
    assert [shown[name] for name in ("file", "size_bytes", "width", "sha256", "fetched_at")] == [None] * 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"),
        (Path("/srv"), "/srv"),
        (1 / 3, 0.333),
        ({"a": (1, None)}, {"a": [1, None]}),
        (True, True),
    ],
)
def test_values(value: object, expected: object) -> None:
    assert _plain(value) == expected


def test_a_plan_knows_what_it_frees() -> None:
    logo = ClearedLogo(
        key="a", file="a_1.png", size_bytes=5, status=make_cached().status, provider=None, fetched_at=NOW
    )
    plan = ClearPlan(logos=(logo,), orphans=(OrphanFile(file="b.png", size_bytes=2),), pinned_kept=0)
    assert (plan.freed_bytes, plan.is_empty) == (7, False)
    assert ClearPlan(logos=(), orphans=(), pinned_kept=1).is_empty


@pytest.mark.parametrize(("dry_run", "shown"), [(True, 1), (False, 0)])
def test_a_plan_reports_what_would_go_and_that_nothing_went(*, dry_run: bool, shown: int) -> None:
    logo = ClearedLogo(
        key="shopify", file="a.png", size_bytes=1, status=Status.CACHED, provider="site", fetched_at=NOW
    )
    orphan, stranger = OrphanFile(file="b.png", size_bytes=2), OrphanFile(file="c.jpg", size_bytes=4)
    plan = ClearPlan(
        logos=(logo,), orphans=(orphan,), strangers=(stranger,), fetching=("slack",), pinned_kept=5
    )
    report = plan.report(dry_run=dry_run)
    assert (len(report.logos), len(report.orphans), len(report.fetching)) == (shown, shown, shown)
    assert report.freed_bytes == 3 * shown
    assert (report.dry_run, report.strangers, report.pinned_kept) == (dry_run, (stranger,), 5)
