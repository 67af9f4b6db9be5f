from datetime import timedelta

import pytest

from harness.factories import NOW
from logocache.humanize import grouped_count, label, relative, sentence


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
