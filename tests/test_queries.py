"""Queries, and their reading from text."""

import pickle
from datetime import timedelta
from typing import Any

import pytest

from logocache.errors import SelectionError
from logocache.model import Status
from logocache.queries import (
    ClearSelection,
    FailOn,
    ListQuery,
    Shape,
    Variant,
    parse_fail_on,
    parse_filters,
)
from logocache.results import FindingKind, Severity


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ListQuery()),
        (["stale", "failing", "pinned"], ListQuery(stale=True, failing=True, pinned=True)),
        (["status=cached", "status=pending"], ListQuery(statuses=(Status.CACHED, Status.PENDING))),
        (["provider=site", "category = crm"], ListQuery(providers=("site",), categories=("crm",))),
        (["text=pay=pal"], ListQuery(text="pay=pal")),
    ],
)
def test_filters_narrow_a_query(texts: list[str], expected: ListQuery) -> None:
    assert parse_filters(texts, ListQuery()) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [("status=fine", "cached"), ("stale=yes", "failing"), ("color=red", "provider="), ("", "provider=")],
)
def test_a_bad_filter_says_what_is_allowed(text: str, hint: str) -> None:
    with pytest.raises(SelectionError, match=hint):
        parse_filters([text], ListQuery())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("error", FailOn()),
        ("warning", FailOn(severity=Severity.WARNING)),
        ("never", FailOn(severity=None)),
        (
            "orphan, leftover",
            FailOn(severity=None, kinds=frozenset({FindingKind.ORPHAN, FindingKind.LEFTOVER})),
        ),
    ],
)
def test_fail_on(text: str, expected: FailOn) -> None:
    assert parse_fail_on(text) == expected


def test_an_unknown_kind_of_finding_is_refused_with_the_list() -> None:
    with pytest.raises(SelectionError, match="wrong_digest"):
        parse_fail_on("orphan,rubbish")


@pytest.mark.parametrize(
    "selection",
    [
        ClearSelection(),
        ClearSelection(everything=True, keys=("shopify",)),
        ClearSelection(everything=True, older_than=timedelta(days=1)),
    ],
    ids=["nothing", "all and some", "all and old ones"],
)
def test_a_clear_without_meaning_is_refused(selection: ClearSelection) -> None:
    with pytest.raises(SelectionError):
        selection.checked()


@pytest.mark.parametrize(
    ("selection", "logos"),
    [
        (ClearSelection(orphans=True), False),
        (ClearSelection(everything=True), True),
        (ClearSelection(older_than=timedelta(0)), True),
        (ClearSelection(keys=("shopify",), orphans=True), True),
    ],
    ids=["orphans", "all", "any age", "key and orphans"],
)
def test_whether_logos_are_selected(selection: ClearSelection, *, logos: bool) -> None:
    assert selection.checked().selects_logos is logos


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Variant(background="white"), Variant(background="FFFFFF")),
        (Variant(background="aBcDeF"), Variant(background="abcdef")),
        (Variant(background="transparent", padding=0, shape=Shape.ORIGINAL), Variant()),
    ],
)
def test_a_look_has_one_spelling(one: Variant, other: Variant) -> None:
    assert (one, hash(one), one.label) == (other, hash(other), other.label)
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize(
    "given",
    [
        *({"size": 15}, {"size": 513}, {"size": 0}, {"padding": -1, "shape": Shape.SQUARE}),
        *({"padding": 41, "shape": Shape.SQUARE}, {"padding": 1}),
        *({"background": ""}, {"background": "fff"}, {"background": "#ffffff"}, {"background": "ffffff\n"}),
    ],
    ids=str,
)
def test_a_look_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SelectionError):
        Variant(**given)
