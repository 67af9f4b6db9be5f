from typing import Any

import pytest

from harness.factories import make_cached, make_record
from logocache.model import Status, StoredFile
from logocache.results import Entry
from logocache.server.gallery.cards import Choice, Image, State, card_of, facets_of, image_of, states_of


def entry_of(*, stale: bool = False, **facts: Any) -> Entry:
    """`Any`: forwarded to the maker, which checks the names."""
    return Entry.of(make_cached(**facts), stale=stale)


def file_of(width: int, height: int) -> StoredFile:
    return StoredFile(name="shopify_1f3a9c2e.png", sha256="1f3a9c2e", size=10, width=width, height=height)


@pytest.mark.parametrize(
    ("entry", "states"),
    [
        pytest.param(entry_of(), (State.CACHED,), id="fresh"),
        pytest.param(entry_of(stale=True), (State.STALE,), id="old"),
        pytest.param(
            entry_of(stale=True, failure_count=2), (State.STALE, State.FAILING), id="old and failing"
        ),
        pytest.param(entry_of(status=Status.PLACEHOLDER), (State.PLACEHOLDER,), id="monogram"),
        pytest.param(Entry.of(make_record(), stale=False), (State.PENDING,), id="nothing yet"),
        pytest.param(
            Entry.of(make_record(failure_count=1), stale=False),
            (State.PENDING, State.FAILING),
            id="nothing, and failing",
        ),
    ],
)
def test_an_entry_is_in_one_state_and_may_be_failing_besides(entry: Entry, states: tuple[State, ...]) -> None:
    assert states_of(entry) == states


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        pytest.param((512, 512), (64, 64), id="large: fitted"),
        pytest.param((512, 100), (64, 12), id="wide: keeps its proportions"),
        pytest.param((3, 512), (1, 64), id="a hair: one pixel at least"),
        pytest.param((32, 20), (32, 20), id="small: not enlarged"),
    ],
)
def test_a_logo_is_shown_with_its_proportions(stored: tuple[int, int], shown: tuple[int, int]) -> None:
    image = image_of(entry_of(file=file_of(*stored)), side=64)
    assert image == Image(address="api/integrations/shopify/logo?size=128", width=shown[0], height=shown[1])


def test_what_is_not_stored_has_no_image() -> None:
    assert image_of(Entry.of(make_record(), stale=False), side=64) is None


def test_keys_are_quoted_in_addresses() -> None:
    card = card_of(Entry.of(make_cached("a/b?c#d", name="x"), stale=False))
    assert card.page == "logos/a%2Fb%3Fc%23d"
    assert card.image is not None
    assert card.image.address == "api/integrations/a%2Fb%3Fc%23d/logo?size=128"


@pytest.mark.parametrize(
    ("name", "initial"),
    [("shopify", "S"), ("1Password", "1"), (" .énergie", "É"), ("---", "?"), ("", "?")],
    ids=["letter", "digit", "accent", "none", "empty"],
)
def test_the_initial_is_the_first_letter_or_digit(name: str, initial: str) -> None:
    assert card_of(entry_of(name=name)).initial == initial


def test_only_an_entry_that_fails_shows_its_error() -> None:
    assert card_of(entry_of(last_error="offline")).error == ""
    assert card_of(entry_of(last_error="HTTP 500", failure_count=1)).error == "HTTP 500"
    assert card_of(entry_of(failure_count=1)).error == "no reason is known"


def test_facets_count_what_the_cards_have() -> None:
    entries = [
        entry_of(),
        entry_of(key="slack", category="crm", stale=True, failure_count=1),
        entry_of(key="stripe", provider="duckduckgo"),
        Entry.of(make_record("github", category="crm"), stale=False),
        Entry.of(make_record("gitlab", category="crm"), stale=False),
    ]
    states, categories, providers = facets_of([card_of(entry) for entry in entries])
    assert [(choice.value, choice.count) for choice in states.choices] == [
        ("cached", 2),
        ("stale", 1),
        ("placeholder", 0),
        ("pending", 2),
        ("failing", 1),
    ]
    assert categories.choices == (
        Choice(value="crm", label="CRM", title="", count=3),
        Choice(value="ecommerce", label="Ecommerce", title="", count=2),
    )
    assert [(choice.value, choice.count) for choice in providers.choices] == [("site", 2), ("duckduckgo", 1)]
