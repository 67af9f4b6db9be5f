from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.fetcher.masking import Mask, with_secrets

SECRET = "pk_a/b+c d=ü"


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(SECRET, id="as it is"),
        pytest.param(quote(SECRET, safe=""), id="percent-encoded"),
        pytest.param(quote(SECRET), id="slash left alone"),
        pytest.param(quote_plus(SECRET), id="as a form sends it"),
        pytest.param(quote(SECRET, safe="").lower(), id="in lower case"),
        pytest.param(quote(quote(SECRET, safe=""), safe=""), id="encoded twice"),
        pytest.param(str(httpx.URL(f"https://example.com/{SECRET}")).partition(".com/")[2], id="by httpx"),
    ],
)
def test_a_secret_is_masked_in_every_spelling(spelling: str) -> None:
    assert Mask([SECRET])(f"https://example.com/x?a=1&token={spelling}&b=2") == (
        "https://example.com/x?a=1&token=***&b=2"
    )


def test_of_two_secrets_one_inside_the_other_both_are_masked() -> None:
    assert Mask(["abc", "abcdef"])("x=abcdef&y=abc") == "x=***&y=***"


@pytest.mark.parametrize("secrets", [[], [""]], ids=["none", "empty"])
def test_without_secrets_a_text_stays_as_it_is(secrets: list[str]) -> None:
    assert Mask(secrets)("https://example.com/?q=1") == "https://example.com/?q=1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:password@example.com/a@b", "https://***@example.com/a@b"),
        ("could not ask http://me@example.com/x now", "could not ask http://***@example.com/x now"),
        ("https://a@b:c@example.com", "https://***@example.com"),
        ("https://example.com/@user", "https://example.com/@user"),
    ],
    ids=["both", "in a sentence", "two signs", "in the path only"],
)
def test_user_information_is_masked(text: str, shown: str) -> None:
    assert Mask()(text) == shown


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://example.com/x", "https://example.com/x?token=a%26b%20c"),
        ("https://example.com/x?s=1", "https://example.com/x?s=1&token=a%26b%20c"),
        ("https://example.com/x?q=%C3%BC", "https://example.com/x?q=%C3%BC&token=a%26b%20c"),
    ],
    ids=["no query", "a query", "an encoded query"],
)
def test_secrets_are_added_to_what_is_sent(url: str, sent: str) -> None:
    assert str(with_secrets(httpx.URL(url), [("token", "a&b c")])) == sent


def test_without_secrets_the_url_is_sent_as_it_is() -> None:
    assert str(with_secrets(httpx.URL("https://example.com/x?a"), ())) == "https://example.com/x?a"


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable() and "*" not in text))
def test_no_sent_url_shows_its_secret_once_masked(secret: str) -> None:
    sent = str(with_secrets(httpx.URL("https://0.0/"), [("", secret)]))
    shown = Mask([secret])(sent)
    assert shown.endswith("***")
