"""Lengths of time as people type them."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.errors import SelectionError
from logocache.humanize import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", timedelta(days=30)),
        ("0", timedelta(0)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("4w", timedelta(weeks=4)),
        (" 1.5D ", timedelta(hours=36)),
    ],
)
def test_what_can_be_read(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "3m", "1e3", "30 days", "inf", "nan", "٣", "99999999d", "1.d"])
def test_what_cannot_be_read_says_what_can(text: str) -> None:
    with pytest.raises(SelectionError, match="12h"):
        parse_duration(text)


@given(st.text(max_size=50))
def test_any_text_is_a_duration_or_a_clear_error(text: str) -> None:
    with contextlib.suppress(SelectionError):
        assert parse_duration(text) >= timedelta(0)
