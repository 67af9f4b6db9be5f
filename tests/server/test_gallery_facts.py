import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import make_cached, make_record
from logocache.results import Entry
from logocache.server.gallery.cards import facts_of, is_web_address


@pytest.mark.parametrize(
    "address",
    ["https://shopify.com/icon.png", "http://shopify.com", "HTTPS://SHOPIFY.COM/", "https://é.test/x?y#z"],
)
def test_addresses_of_the_web_become_links(address: str) -> None:
    assert facts_of(Entry.of(make_cached(source_url=address), stale=False)).source_link == address


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("JavaScript://shopify.com/%0aalert(1)", id="a script with a host"),
        pytest.param(" javascript:alert(1)", id="which browsers strip"),
        pytest.param("java\nscript:alert(1)", id="which browsers join"),
        pytest.param("data:text/html,<script>alert(1)</script>", id="data"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("//shopify.com/icon.png", id="no scheme"),
        pytest.param("https:shopify.com", id="no host"),
        pytest.param("https://[::1", id="half an address"),
        pytest.param("https:\\\\shopify.com", id="back slashes"),
        pytest.param("https://shopify.com/ icon", id="a space"),
        pytest.param("https://shopify.com/\u202egnp", id="turns the writing round"),
        pytest.param("", id="nothing"),
    ],
)
def test_anything_else_stays_text(address: str) -> None:
    assert facts_of(Entry.of(make_cached(source_url=address), stale=False)).source_link is None


@given(st.text())
def test_no_text_is_too_odd_to_be_judged(text: str) -> None:
    assert not is_web_address(text) or text.lower().startswith(("http://", "https://"))


def test_a_logo_has_three_addresses_and_without_a_file_two() -> None:
    stored = facts_of(Entry.of(make_cached(), stale=False))
    assert stored.card.image is not None
    assert [address.path for address in stored.addresses] == [
        "api/integrations/shopify/logo",
        "shopify.test",
        f"static/cached_logos/{stored.entry.file}",
    ]
    pending = facts_of(Entry.of(make_record(), stale=False))
    assert [address.name for address in pending.addresses] == ["API", "Clearbit’s form"]
    assert pending.preview is None
    assert pending.source_link is None
