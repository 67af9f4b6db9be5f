"""Registering the catalogue."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from harness.entries import claimed, due_keys, fetch_of, save, store
from harness.factories import DAY, NOW, make_cached, make_integration, make_record
from logocache.model import Origin, OutcomeKind, Status
from logocache.repository import Repository
from logocache.repository.filters import RecordFilter
from logocache.repository.registration import Registration

LATER = NOW + timedelta(minutes=5, microseconds=7)


def test_a_new_entry_is_pending_and_due_at_once(repository: Repository) -> None:
    shopify = make_integration("shopify", name="Shopify", pinned=True, origin=Origin.CUSTOM)
    assert repository.register([shopify], now=LATER) == Registration(added=1, changed=0)
    assert repository.get("shopify") == make_record(
        "shopify", name="Shopify", pinned=True, origin=Origin.CUSTOM, created_at=LATER
    )
    assert due_keys(repository) == ["shopify"]


def test_the_same_catalogue_again_changes_nothing(repository: Repository) -> None:
    catalog = [make_integration(f"key-{number}") for number in range(80)]
    repository.register(catalog, now=NOW)
    assert repository.register(catalog, now=LATER) == Registration(added=0, changed=0)


def test_texts_that_were_cleaned_count_as_the_same_the_next_time(repository: Repository) -> None:
    messy = make_integration("shopify", name=" Shop\0ify\n" + "!" * 500, category="e\tcommerce")
    repository.register([messy], now=NOW)
    assert repository.register([messy], now=NOW).changed == 0
    record = repository.get("shopify")
    assert record is not None
    assert record.name == "Shop ify " + "!" * 191
    assert record.category == "e commerce"


def test_an_entry_that_is_given_twice_is_taken_as_given_last(repository: Repository) -> None:
    twice = [make_integration("shopify", name="One"), make_integration("shopify", name="Two")]
    assert repository.register(twice, now=NOW) == Registration(added=1, changed=0)
    record = repository.get("shopify")
    assert record is not None
    assert record.name == "Two"


def test_name_category_pin_and_origin_follow_the_catalogue(repository: Repository) -> None:
    before = make_cached("shopify", last_outcome=OutcomeKind.FOUND, etag='"1"')
    store(repository, before)
    changed = make_integration(
        "shopify", name="Shöpify", category="shops", pinned=True, origin=Origin.CUSTOM, domain=before.domain
    )
    assert repository.register([changed], now=LATER) == Registration(added=0, changed=1)
    assert repository.get("shopify") == replace(
        before, name="Shöpify", category="shops", pinned=True, origin=Origin.CUSTOM
    )
    found = repository.page(RecordFilter(text="SHÖP"), after=None, limit=10)
    assert [record.key for record in found] == ["shopify"]


def test_another_domain_makes_the_entry_due_and_forgets_how_the_old_one_answered(
    repository: Repository,
) -> None:
    before = make_cached(
        "shopify",
        etag='"1"',
        last_modified="Sun, 22 Nov 2026 12:00:00 GMT",
        candidates_digest="ab",
        failure_count=4,
        last_outcome=OutcomeKind.TRANSIENT,
        last_error="timed out",
        source_gone_at=NOW,
    )
    store(repository, before)
    assert repository.register([make_integration("shopify", domain="new.test")], now=LATER).changed == 1
    assert repository.get("shopify") == replace(
        before,
        domain="new.test",
        next_attempt_at=None,
        etag=None,
        last_modified=None,
        candidates_digest=None,
        failure_count=0,
        last_outcome=None,
        last_error=None,
        source_gone_at=None,
    )
    found = repository.find_by_domain("new.test")
    assert found is not None
    assert found.key == "shopify"


def test_who_fetches_from_the_old_domain_loses_the_lease(repository: Repository) -> None:
    repository.register([make_integration("shopify")], now=NOW)
    ours = claimed(repository, ["shopify"])
    repository.register([make_integration("shopify", domain="new.test")], now=LATER)
    with repository.unit() as unit:
        assert unit.owned(ours) == {}
    assert due_keys(repository) == ["shopify"]


def test_what_was_fetched_meanwhile_does_not_undo_a_registration(repository: Repository) -> None:
    repository.register([make_integration("shopify")], now=NOW)
    fetched = make_cached("shopify", name="Old name", category="old")
    repository.register([make_integration("shopify", name="New name")], now=NOW)
    save(repository, fetch_of(fetched))
    record = repository.get("shopify")
    assert record is not None
    assert (record.name, record.category, record.status) == ("New name", "ecommerce", Status.CACHED)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(Origin.ON_DEMAND, Origin.CATALOG, Origin.CATALOG, id="promoted by the catalogue"),
        pytest.param(Origin.CATALOG, Origin.ON_DEMAND, Origin.CATALOG, id="never demoted"),
        pytest.param(Origin.CUSTOM, Origin.ON_DEMAND, Origin.CUSTOM, id="custom, never demoted"),
    ],
)
def test_the_origin_of_an_entry_known_already(
    repository: Repository, before: Origin, after: Origin, expected: Origin
) -> None:
    repository.register([make_integration("shopify.test", name="First", origin=before)], now=NOW)
    repository.register([make_integration("shopify.test", name="Second", origin=after)], now=NOW)
    record = repository.get("shopify.test")
    assert record is not None
    assert record.origin is expected
    assert record.name == ("Second" if before is Origin.ON_DEMAND else "First")


def test_entries_that_left_the_catalogue_stay(repository: Repository) -> None:
    repository.register([make_integration("one"), make_integration("two")], now=NOW)
    repository.register([make_integration("two")], now=NOW + DAY)
    assert repository.get("one") is not None


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"key": "a\0b"}, id="NUL in the key"),
        pytest.param({"key": "x" * 254}, id="long key"),
        pytest.param({"key": ""}, id="no key"),
        pytest.param({"domain": "a\nb.test"}, id="line break in the domain"),
        pytest.param({"domain": "\ud800.test"}, id="half a character"),
    ],
)
def test_names_that_no_column_holds_are_refused_whole(repository: Repository, facts: dict[str, Any]) -> None:
    bad = replace(make_integration("bad"), **facts)
    with pytest.raises(ValueError, match="storable"):
        repository.register([make_integration("good"), bad], now=NOW)
    assert repository.get("good") is None
