"""A page's bytes become text."""

import codecs
import encodings
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webencodings.labels import LABELS

from logocache.providers.page import decoded

UMLAUT_UTF8 = "ü".encode()
UMLAUT_LATIN = b"\xfc"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        pytest.param(UMLAUT_UTF8, None, "ü", id="UTF-8 by default"),
        pytest.param(UMLAUT_LATIN, None, "ü", id="else windows-1252"),
        pytest.param(b"\x80 \xfc", None, "€ ü", id="windows-1252, not Latin-1"),
        pytest.param(UMLAUT_UTF8[:1], None, "\ufffd", id="UTF-8 that was cut off"),
        pytest.param(
            codecs.BOM_UTF8 + UMLAUT_UTF8, "text/html; charset=latin1", "ü", id="mark before header"
        ),
        pytest.param(codecs.BOM_UTF16_LE + "ü".encode("utf-16-le"), None, "ü", id="UTF-16, little end first"),
        pytest.param(codecs.BOM_UTF16_BE + "ü".encode("utf-16-be"), None, "ü", id="UTF-16, big end first"),
        pytest.param("ж".encode("cp1251"), 'text/html; Charset="windows-1251"', "ж", id="header"),
        pytest.param("ü".encode("utf-16-le"), "text/html; charset=utf-16le", "ü", id="UTF-16 by header"),
        pytest.param(
            b"<meta charset=koi8-r>" + "ж".encode("koi8-r"), None, "<meta charset=koi8-r>ж", id="meta"
        ),
        pytest.param(b"<META Charset='shift_jis'>\x82\xa0", None, "<META Charset='shift_jis'>あ", id="META"),
        pytest.param(
            b'<meta http-equiv=x content="text/html; charset=gbk">\xc4\xe3',
            None,
            '<meta http-equiv=x content="text/html; charset=gbk">你',
            id="meta with a content type",
        ),
        pytest.param(
            b"<meta name=a><meta charset=big5>\xa4\xa4",
            None,
            "<meta name=a><meta charset=big5>中",
            id="second meta",
        ),
        pytest.param(
            b"<meta charset=utf-16>" + UMLAUT_UTF8, None, "<meta charset=utf-16>ü", id="meta cannot be UTF-16"
        ),
        pytest.param(
            b" " * 1024 + b"<meta charset=koi8-r>\xc1",
            None,
            " " * 1024 + "<meta charset=koi8-r>Á",
            id="meta too late",
        ),
        pytest.param(UMLAUT_LATIN, "text/html; charset=iso-8859-1", "ü", id="Latin-1 is windows-1252"),
        pytest.param(UMLAUT_UTF8, "text/html; charset=nonsense", "ü", id="unknown"),
        pytest.param(b"68656c6c6f", "text/html; charset=hex", "68656c6c6f", id="no encoding of text"),
        pytest.param(b"\\x41", "text/html; charset=unicode_escape", "\\x41", id="not of the web"),
    ],
)
def test_decoding(body: bytes, content_type: str | None, text: str) -> None:
    assert decoded(body, content_type) == text


@given(body=st.binary(), content_type=st.none() | st.sampled_from(sorted(LABELS)).map("x; charset={}".format))
def test_any_bytes_are_text(body: bytes, content_type: str | None) -> None:
    assert isinstance(decoded(body, content_type), str)


@pytest.mark.parametrize("codec", sorted({*aliases, *aliases.values()} - LABELS.keys()))
def test_codecs_that_only_python_knows_are_not_used(codec: str) -> None:
    """Some of them are slow (`punycode`), warn (`unicode_escape`), or hide markup (`utf_7`)."""
    page = b"+ADw- \\x41 \xfc"
    assert decoded(page, f"text/html; charset={codec}") == "+ADw- \\x41 ü"


def test_labels_of_strangers_are_not_kept() -> None:
    """Python remembers every name that is looked up among its codecs, for ever."""
    known = len(encodings._cache)
    for number in range(100):
        decoded(b"<meta charset=no-%d>" % number, f"text/html; charset=nowhere-{number}")
    assert len(encodings._cache) == known
