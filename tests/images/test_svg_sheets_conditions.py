"""Conditions of style sheets hold as on a light page on a screen."""

import pytest
import tinycss2
from hypothesis import given
from hypothesis import strategies as st

from logocache.images.svg_sheets import media_matches, supports_matches


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("", True),
        ("all", True),
        ("screen", True),
        ("only screen", True),
        ("print", False),
        ("not print", True),
        ("not screen", False),
        ("print, screen", True),
        ("(prefers-color-scheme: light)", True),
        ("(prefers-color-scheme: dark)", False),
        ("not (prefers-color-scheme: dark)", True),
        ("screen and (prefers-color-scheme: dark)", False),
        ("not screen and (prefers-color-scheme: dark)", True),
        ("(prefers-color-scheme: dark) or (min-width: 100px)", True),
        ("((prefers-color-scheme: dark) or (color)) and (max-width: 60em)", True),
        ("(min-width: 1024px)", False),
        ("(width: 512px)", True),
        ("(prefers-reduced-motion)", False),
        ("(prefers-reduced-motion: no-preference)", True),
        ("(unknown: x)", False),
        ("not (unknown: x)", False),
        ("((((((((((((color))))))))))))", False),
    ],
)
def test_media(query: str, holds: bool) -> None:  # noqa: FBT001  # a table's column
    assert media_matches(tinycss2.parse_component_value_list(query)) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("(fill: lab(0 0 0))", True),
        ("not (fill: lab(0 0 0))", False),
        ("(a: b) and (c: d)", True),
        ("selector(:is(a))", True),
    ],
)
def test_supports(condition: str, holds: bool) -> None:  # noqa: FBT001  # a table's column
    assert supports_matches(tinycss2.parse_component_value_list(condition)) is holds


@given(st.text(alphabet="()notandor, :px1 screenwidth-", max_size=80))
def test_any_text_is_a_condition(text: str) -> None:
    tokens = tinycss2.parse_component_value_list(text)
    assert media_matches(tokens) in {True, False}
    assert supports_matches(tokens) in {True, False}


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("(prefers-color-scheme: dark)", True),
        ("(prefers-color-scheme: light)", False),
        ("not (prefers-color-scheme: dark)", False),
        ("screen and (prefers-color-scheme: dark) and (min-width: 100px)", True),
        ("((prefers-color-scheme: light) or (color))", True),
        ("(prefers-color-scheme)", True),
    ],
)
def test_media_on_a_dark_page(query: str, holds: bool) -> None:  # noqa: FBT001  # a table's column
    assert media_matches(tinycss2.parse_component_value_list(query), is_dark=True) is holds
