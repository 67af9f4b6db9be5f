"""Texts are made to fit the columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.repository.tables import cleaned, identifier, is_identifier, is_storable

WILD = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("as it is", "as it is", id="plain"),
        pytest.param("  a \r\n\t b\0 ", "a b", id="white space and NUL"),
        pytest.param("a\x1b[31mb\x9f", "a [31mb", id="terminal sequences"),
        pytest.param("\ud800", "", id="half a character"),
        pytest.param("a\u2028b", "a b", id="line separator"),
        pytest.param("0123456789ab", "0123456789", id="long"),
        pytest.param("012345678 ab", "012345678", id="cut at a space"),
    ],
)
def test_cleaning(text: str, expected: str) -> None:
    assert cleaned(text, 10) == expected


@given(WILD, st.integers(0, 20))
def test_a_cleaned_text_fits_and_cleaning_it_again_changes_nothing(text: str, length: int) -> None:
    clean = cleaned(text, length)
    assert len(clean) <= length
    assert is_storable(clean)
    assert cleaned(clean, length) == clean
    clean.encode()


@given(WILD)
def test_an_identifier_is_itself_or_refused(text: str) -> None:
    if is_identifier(text, 5):
        assert identifier(text, 5) == text
        assert 1 <= len(text.encode()) <= 20
    else:
        with pytest.raises(ValueError, match="1 to 5 storable"):
            identifier(text, 5)
