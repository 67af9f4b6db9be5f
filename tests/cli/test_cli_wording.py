from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.fake_cache import NOW
from logocache import humanize


@pytest.mark.parametrize(
    ("length", "words"),
    [
        pytest.param(timedelta(seconds=-5), "0 seconds", id="a clock that was set back"),
        pytest.param(timedelta(seconds=1), "1 second", id="singular"),
        pytest.param(timedelta(seconds=59.9), "59 seconds", id="rounded down"),
        pytest.param(timedelta(minutes=59, seconds=59), "59 minutes", id="minutes"),
        pytest.param(timedelta(hours=1), "1 hour", id="hour"),
        pytest.param(timedelta(days=3, hours=23), "3 days", id="days"),
    ],
)
def test_ages_are_in_their_largest_unit(length: timedelta, words: str) -> None:
    assert humanize.age(NOW - length, now=NOW) == words


def test_what_never_was_has_no_age() -> None:
    assert humanize.age(None, now=NOW) == "never"


def test_what_is_to_come_is_told_from_now() -> None:
    assert humanize.until(NOW + timedelta(hours=5), now=NOW) == "in 5 hours"
    assert humanize.until(NOW - timedelta(hours=5), now=NOW) == "now"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        pytest.param("Café 東京", "Café 東京", id="letters of any script stay"),
        pytest.param("a\tb\nc\r", "a b c ", id="white space is one space each"),
        pytest.param("\x1b[31mred\x07", "\ufffd[31mred\ufffd", id="escape sequences are broken"),
        pytest.param("\x9b2J", "\ufffd2J", id="C1 controls"),
        pytest.param("\u202egnp.exe", "\ufffdgnp.exe", id="right-to-left override"),
        pytest.param("bad\udcffname", "bad\ufffdname", id="bytes of a file name that are no UTF-8"),
    ],
)
def test_foreign_text_cannot_steer_a_terminal(text: str, cleaned: str) -> None:
    assert humanize.clean(text) == cleaned


@given(st.text())
def test_cleaned_text_is_one_printable_line_of_the_same_length(text: str) -> None:
    cleaned = humanize.clean(text)
    assert cleaned.isprintable()
    assert len(cleaned) == len(text)


def test_long_lists_are_cut_and_say_so() -> None:
    assert humanize.some(["a", "b"], most=2) == "a, b"
    assert humanize.some(["a", "b", "c", "d"], most=2) == "a, b, and 2 more"


def test_counts_know_the_plural() -> None:
    assert humanize.count(1, "logo") == "1 logo"
    assert humanize.count(0, "entry", "entries") == "0 entries"
