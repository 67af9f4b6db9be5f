"""Saving a fetch writes the entry and its audit trail, made to fit."""

from dataclasses import replace
from typing import Any

import pytest

from harness.entries import (
    FULL,
    claimed,
    fetch_of,
    known,
    make_attempt,
    save,
    store,
)
from harness.factories import DAY, NOW, make_cached, make_file, make_record
from logocache.model import OutcomeKind, Status
from logocache.repository import Repository
from logocache.repository.totals import Access


def test_a_saved_entry_comes_back_as_it_was(repository: Repository) -> None:
    store(repository, FULL)
    assert repository.get("shopify") == FULL


def test_saving_ends_the_lease(repository: Repository) -> None:
    known(repository, "shopify")
    ours = claimed(repository, ["shopify"])
    save(repository, fetch_of(make_cached("shopify")))
    assert repository.totals(now=NOW, stale_before=NOW).leased == 0
    with repository.unit() as unit:
        assert unit.owned(ours) == {}


def test_saving_leaves_the_accesses_as_they_are(repository: Repository) -> None:
    known(repository, "shopify")
    repository.record_accesses({"shopify": Access(count=5, last_at=NOW)}, {})
    save(repository, fetch_of(make_cached("shopify", access_count=0, last_accessed_at=None)))
    record = repository.get("shopify")
    assert record is not None
    assert (record.access_count, record.last_accessed_at, record.status) == (5, NOW, Status.CACHED)


def test_saving_an_entry_that_is_gone_brings_nothing_back(repository: Repository) -> None:
    save(repository, fetch_of(make_cached("gone"), attempts=[make_attempt("gone")]))
    assert repository.get("gone") is None
    assert repository.attempts("gone", limit=10) == [make_attempt("gone")]


def test_saving_nothing_is_fine(repository: Repository) -> None:
    save(repository)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            {"last_error": "bad\0\x1b[31m\n\ud800 end"}, {"last_error": "bad [31m end"}, id="controls"
        ),
        pytest.param({"last_error": "x" * 600}, {"last_error": "x" * 500}, id="long error"),
        pytest.param({"source_url": "u" * 3000}, {"source_url": "u" * 2048}, id="long URL"),
        pytest.param({"licence": "é" * 300}, {"licence": "é" * 200}, id="long licence"),
        pytest.param({"attribution": "\U0001f600" * 501}, {"attribution": "\U0001f600" * 500}, id="emoji"),
        pytest.param({"etag": "e" * 513}, {"etag": None}, id="long ETag"),
        pytest.param({"etag": "a\0b"}, {"etag": None}, id="NUL in an ETag"),
        pytest.param({"last_modified": "a\x7fb"}, {"last_modified": None}, id="broken Last-Modified"),
    ],
)
def test_texts_from_outside_are_made_to_fit(
    repository: Repository, facts: dict[str, Any], expected: dict[str, Any]
) -> None:
    store(repository, replace(FULL, **facts))
    assert repository.get("shopify") == replace(FULL, **expected)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"status": Status.PENDING}, id="pending with a file"),
        pytest.param({"file": None}, id="cached without a file"),
        pytest.param({"provider": "x" * 65}, id="long provider"),
        pytest.param({"file": replace(make_file(), name="a\0.png")}, id="NUL in the file name"),
        pytest.param({"file": replace(make_file(), size=-1)}, id="negative size"),
        pytest.param({"file": replace(make_file(), width=2**31)}, id="too wide"),
        pytest.param({"fetch_count": 2**63}, id="too many fetches"),
    ],
)
def test_records_that_cannot_be_are_refused_and_nothing_is_written(
    repository: Repository, facts: dict[str, Any]
) -> None:
    store(repository, FULL, make_cached("other"))
    bad = replace(FULL, **facts)
    with pytest.raises(ValueError, match=r"has the file|storable|is not between"):
        save(repository, fetch_of(make_record("other")), fetch_of(bad))
    assert repository.get("shopify") == FULL
    assert repository.get("other") == make_cached("other")


def test_the_audit_trail_is_kept_newest_first(repository: Repository) -> None:
    known(repository, "shopify", "stripe")
    first = make_attempt(outcome=OutcomeKind.TRANSIENT, status=None, reason="timed out")
    second = make_attempt(provider="duckduckgo")
    third = make_attempt(at=NOW + DAY)
    save(
        repository,
        fetch_of(make_cached("shopify"), attempts=[first, second, third]),
        fetch_of(make_cached("stripe"), attempts=[make_attempt("stripe")]),
    )
    assert list(repository.attempts("shopify", limit=10)) == [third, second, first]
    assert list(repository.attempts("shopify", limit=1)) == [third]
    assert repository.attempts("a\0", limit=1) == []


def test_an_audit_line_is_made_to_fit_rather_than_lost(repository: Repository) -> None:
    known(repository, "shopify")
    wild = make_attempt(
        url="https://a.test/" + "x" * 3000,
        duration=float("inf"),
        status=2**40,
        bytes=2**70,
        reason="<h1>\0</h1>\r\n" * 100,
    )
    save(repository, fetch_of(make_cached("shopify"), attempts=[wild, replace(wild, bytes=-5, duration=1.5)]))
    tame = replace(
        wild,
        url=wild.url[:2048],
        duration=0.0,
        status=None,
        bytes=2**63 - 1,
        reason=("<h1> </h1> " * 46)[:500].strip(),
    )
    assert list(repository.attempts("shopify", limit=2)) == [replace(tame, bytes=0, duration=1.5), tame]


def test_old_audit_lines_are_dropped_and_counted(repository: Repository) -> None:
    known(repository, "shopify")
    old, edge, young = (make_attempt(at=NOW - days * DAY) for days in (91, 90, 1))
    save(repository, fetch_of(make_cached("shopify"), attempts=[old, edge, young]))
    assert repository.purge_attempts(before=NOW - 90 * DAY) == 1
    assert list(repository.attempts("shopify", limit=10)) == [young, edge]
    assert repository.purge_attempts(before=NOW - 90 * DAY) == 0
