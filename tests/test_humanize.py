import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import NOW
from logocache import humanize
from logocache.errors import SelectionError
from logocache.humanize import grouped_count, label, parse_duration, relative, sentence, size


@pytest.mark.parametrize(
    ("length", "past", "future"),
    [
        (timedelta(), "just now", "just now"),
        (timedelta(seconds=59), "just now", "soon"),
        (timedelta(minutes=1), "1 minute ago", "in 1 minute"),
        (timedelta(hours=23, minutes=59), "23 hours ago", "in 23 hours"),
        (timedelta(days=3), "3 days ago", "in 3 days"),
        (timedelta(days=45), "1 month ago", "in 1 month"),
        (timedelta(days=800), "2 years ago", "in 2 years"),
    ],
    ids=str,
)
def test_moments_are_told_from_now_in_the_largest_unit(length: timedelta, past: str, future: str) -> None:
    assert relative(NOW - length, now=NOW) == past
    assert relative(NOW + length, now=NOW) == future


def test_numbers_go_with_their_nouns() -> None:
    assert [grouped_count(0, "logo"), grouped_count(1, "logo"), grouped_count(2000, "logo")] == [
        "0 logos",
        "1 logo",
        "2,000 logos",
    ]
    assert grouped_count(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("name", "text"),
    [("on-demand", "On demand"), ("open_licence", "Open licence"), ("crm", "CRM"), ("", ""), ("éa", "Éa")],
)
def test_names_become_words(name: str, text: str) -> None:
    assert label(name) == text


@pytest.mark.parametrize(
    ("text", "whole"), [("did you mean x?", "Did you mean x?"), ("run `x`", "Run `x`."), ("", ".")]
)
def test_sentences_begin_large_and_end_with_a_mark(text: str, whole: str) -> None:
    assert sentence(text) == whole


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


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        pytest.param(0, "0 B", id="nothing"),
        pytest.param(999, "999 B", id="below the first step"),
        pytest.param(1000, "1 kB", id="a step is 1000, not 1024"),
        pytest.param(12_345, "12.3 kB", id="one digit after the point"),
        pytest.param(999_949, "999.9 kB", id="just below a step"),
        pytest.param(999_950, "1 MB", id="rounding reaches the next unit"),
        pytest.param(500_000_000, "500 MB", id="the default limit"),
        pytest.param(5 * 10**15, "5000 TB", id="beyond the last unit"),
    ],
)
def test_sizes_are_in_powers_of_1000(amount: int, words: str) -> None:
    assert size(amount) == words


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
