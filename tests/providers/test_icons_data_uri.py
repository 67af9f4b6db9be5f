"""`data:` URIs."""

import base64
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.providers.icons import decode, is_data_uri, media_type_of


@pytest.mark.parametrize(
    ("uri", "body"),
    [
        pytest.param("data:image/png;base64,aGVsbG8=", b"hello", id="base64"),
        pytest.param("DATA:image/png;BASE64,aGVsbG8=", b"hello", id="upper case"),
        pytest.param("  data:image/png;base64,aGVs\n bG8", b"hello", id="spaces, no padding"),
        pytest.param("data:image/png;base64,aGVs%62G8%3D", b"hello", id="base64, percent-encoded"),
        pytest.param("data:image/svg+xml,%3Csvg/%3E", b"<svg/>", id="percent-encoded"),
        pytest.param("data:image/svg+xml;utf8,<svg>é</svg>", "<svg>é</svg>".encode(), id="not encoded"),
        pytest.param("data:,a,b", b"a,b", id="no media type, a comma inside"),
        pytest.param("data:image/png;base64,", None, id="empty"),
        pytest.param("data:image/png;base64,a", None, id="no whole byte"),
        pytest.param("data:image/png;base64,a*bc", None, id="not base64"),
        pytest.param("data:image/png", None, id="no comma"),
        pytest.param("https://a.test/data:,x", None, id="another scheme"),
        pytest.param("data:," + "x" * 11, None, id="too many bytes"),
        pytest.param("data:," + "x" * 2000, None, id="too many characters to look at"),
    ],
)
def test_decoding(uri: str, body: bytes | None) -> None:
    assert decode(uri, max_bytes=10 if body is None else 100) == body


@given(body=st.binary(min_size=1, max_size=100))
def test_what_was_encoded_is_decoded(body: bytes) -> None:
    assert decode("data:image/png;base64," + base64.b64encode(body).decode(), max_bytes=100) == body
    assert decode("data:image/png," + quote_from_bytes(body), max_bytes=100) == body


@given(text=st.text())
def test_any_text_is_bytes_within_the_limit_or_none(text: str) -> None:
    body = decode(f"data:{text}", max_bytes=10)
    assert body is None or 0 < len(body) <= 10
    assert is_data_uri(f"data:{text}")


def test_the_media_type_is_read() -> None:
    assert media_type_of(" data:Image/SVG+xml;utf8,<svg/>") == "image/svg+xml"
    assert media_type_of("data:,x") == ""
    assert media_type_of("https://a.test/") == ""
