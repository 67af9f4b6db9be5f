"""Preconditions, as RFC 9110 13 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.server.responses import Cors, Precondition, evaluate, parse

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "expected"),
    [
        (None, None, Precondition.PROCEED),
        (None, '"abc"', Precondition.NOT_MODIFIED),
        (None, 'W/"abc"', Precondition.NOT_MODIFIED),
        (None, "*", Precondition.NOT_MODIFIED),
        (None, '"x", W/"abc" ,"y"', Precondition.NOT_MODIFIED),
        (None, '"x","abc"', Precondition.NOT_MODIFIED),
        (None, ',, "abc" ,,', Precondition.NOT_MODIFIED),
        (None, '"a,b", "x"', Precondition.PROCEED),
        (None, "abc", Precondition.PROCEED),
        (None, '"abc', Precondition.PROCEED),
        (None, '"abc" "x"', Precondition.PROCEED),
        (None, 'w/"abc"', Precondition.PROCEED),
        (None, "", Precondition.PROCEED),
        ('"abc"', None, Precondition.PROCEED),
        ("*", None, Precondition.PROCEED),
        ('"x"', None, Precondition.FAILED),
        ('W/"abc"', None, Precondition.FAILED),
        ('"x", "abc"', '"abc"', Precondition.NOT_MODIFIED),
        ('"x"', '"abc"', Precondition.FAILED),
        ("garbage", None, Precondition.PROCEED),
    ],
)
def test_preconditions(if_match: str | None, if_none_match: str | None, expected: Precondition) -> None:
    assert evaluate(ETAG, if_match=if_match, if_none_match=if_none_match) is expected


TAG = st.from_regex(r'"[\x21\x23-\x7e]{0,9}"', fullmatch=True)


@given(st.lists(st.tuples(st.booleans(), TAG), min_size=1, max_size=5), st.sampled_from([",", ", ", " ,\t"]))
def test_a_list_of_tags_is_read_as_it_was_written(tags: list[tuple[bool, str]], comma: str) -> None:
    written = [f"W/{tag}" if weak else tag for weak, tag in tags]
    assert parse(comma.join(written)) == tuple(written)


@given(st.text(st.characters(max_codepoint=255), max_size=50))
def test_any_field_has_a_verdict(field: str) -> None:
    assert evaluate(ETAG, if_match=field, if_none_match=field) in Precondition


ORIGIN = b"access-control-allow-origin"


@pytest.mark.parametrize(
    ("origins", "origin", "allowed", "varies"),
    [
        (["*"], None, b"*", False),
        (["*"], "https://shop.example", b"*", False),
        (["https://shop.example"], "https://shop.example", b"https://shop.example", True),
        (["https://Shop.example/"], "https://shop.example", b"https://shop.example", True),
        (["https://shop.example"], "https://evil.example", None, True),
        (["https://shop.example"], "null", None, True),
        (["https://shop.example"], None, None, True),
        ([], "https://shop.example", None, False),
    ],
)
def test_origins(origins: list[str], origin: str | None, allowed: bytes | None, *, varies: bool) -> None:
    headers = dict(Cors(origins).headers(origin))
    assert headers.get(ORIGIN) == allowed
    assert (b"vary" in headers) is varies


def test_a_preflight_allows_reading_and_nothing_else() -> None:
    headers = dict(Cors(["*"]).preflight("https://shop.example"))
    assert headers[b"access-control-allow-methods"] == b"GET, HEAD"
    assert b"If-None-Match" in headers[b"access-control-allow-headers"]


def test_a_preflight_of_a_stranger_allows_nothing() -> None:
    headers = dict(Cors(["https://shop.example"]).preflight("https://evil.example"))
    assert not any(name.startswith(b"access-control") for name in headers)
