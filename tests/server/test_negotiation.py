"""Which variant a request asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.server.negotiation import LONGEST_ACCEPT, preferences_in, preferences_of

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FIREFOX = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
SAFARI = "image/webp,image/avif,image/jxl,image/heic,video/*;q=0.8,image/png,image/*;q=0.8,*/*;q=0.5"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (CHROME, True),
        (FIREFOX, True),
        (SAFARI, True),
        ("image/webp", True),
        ("IMAGE/WEBP ; Q=0.5 , image/*;q=0.4", True),
        ("image/webp;q=0.8, */*", False),
        ("image/webp;q=0.8, image/png;q=0.9, */*;q=0.1", False),
        ("image/webp;q=0.8, image/png;q=0.2, */*", True),
        ("image/webp;q=0", False),
        ("image/webp;q=0.000, image/png;q=0", False),
        ("image/webp;q=nan", True),
        ("*/*", False),
        ("image/*", False),
        ("text/html, image/webpx", False),
        ("", False),
        (",;,", False),
        ("image/webp," + " " * LONGEST_ACCEPT, False),
    ],
)
def test_webp_is_wanted_where_it_is_named_and_as_welcome_as_png(accept: str, *, expected: bool) -> None:
    assert preferences_of(accept.encode()).webp is expected


def test_without_the_field_nothing_is_preferred() -> None:
    assert not preferences_of(None).webp
    assert not preferences_in([(b"host", b"image/webp")]).webp


def test_the_field_may_come_in_several_lines() -> None:
    several = [(b"accept", b"text/html"), (b"host", b"a"), (b"accept", b"image/webp")]
    assert preferences_in(several).webp


@given(st.binary(max_size=100))
def test_any_field_is_read(accept: bytes) -> None:
    assert preferences_of(accept).webp in {True, False}
