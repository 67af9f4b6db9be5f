"""Iconify's JSON files."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.errors import ProviderError
from logocache.providers import iconify
from logocache.providers.iconify import Drawing, IconifySet, load, svg

BODY = '<path d="M0 0h1v1z"/>'

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(["body", "width", "height", "left", "top", "rotate", "hFlip", "parent"])


def make_set(
    icons: Mapping[str, object],
    aliases: Mapping[str, object] | None = None,
    root: Mapping[str, object] | None = None,
) -> IconifySet:
    return IconifySet(
        prefix="own", licence=None, attribution=None, root=root or {}, icons=icons, aliases=aliases or {}
    )


def write(path: Path, document: object) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def view_box(document: str | None) -> str:
    assert document is not None
    return document.partition('viewBox="')[2].partition('"')[0]


def transform(document: str | None) -> str:
    assert document is not None
    return document.partition('transform="')[2].partition('"')[0]


def test_turns_that_add_up_beyond_all_numbers_are_no_error() -> None:
    icons = {"x": {"body": BODY, "rotate": 1.5e308}}
    aliases = {"again": {"parent": "x", "rotate": 1.5e308}}
    assert make_set(icons, aliases).svg("again")


@pytest.mark.parametrize(
    ("icon", "root", "expected"),
    [
        pytest.param({}, {}, "0 0 16 16", id="defaults"),
        pytest.param({}, {"width": 256, "height": 128}, "0 0 256 128", id="the set's"),
        pytest.param({"width": 24}, {"width": 256, "height": 128}, "0 0 24 128", id="the icon's goes first"),
        pytest.param({"width": 1.5, "height": 2}, {}, "0 0 1.5 2", id="a fraction"),
        pytest.param({"width": 20, "height": 40, "rotate": 1}, {}, "0 0 40 20", id="turned"),
        pytest.param({"width": 20, "height": 40, "rotate": 6}, {}, "0 0 20 40", id="turned more than once"),
        pytest.param({"width": "20", "height": True}, {}, "0 0 16 16", id="no numbers"),
        pytest.param({"width": 10**400, "height": float("nan")}, {}, "0 0 16 16", id="beyond numbers"),
    ],
)
def test_the_box_of_an_icon(icon: dict[str, object], root: dict[str, object], expected: str) -> None:
    assert view_box(make_set({"x": {"body": BODY, **icon}}, root=root).svg("x")) == expected


def test_an_icon_that_begins_elsewhere_is_moved_to_its_box() -> None:
    document = make_set({"x": {"body": BODY, "left": -4, "top": 2.5}}).svg("x")
    assert transform(document) == "translate(4 -2.5)"
    assert document is not None
    assert BODY in document


def test_aliases_override_sizes_add_up_turns_and_cancel_flips() -> None:
    icons = {"x": {"body": BODY, "width": 20, "height": 40, "rotate": 3, "hFlip": True}}
    aliases = {
        "once": {"parent": "x", "rotate": 2, "height": 50, "vFlip": True},
        "twice": {"parent": "once", "hFlip": True},
    }
    drawn = make_set(icons, aliases)
    assert drawn.svg("once") == svg(
        Drawing(
            body=BODY,
            left=0,
            top=0,
            width=20,
            height=50,
            quarter_turns=1,
            is_flipped_horizontally=True,
            is_flipped_vertically=True,
        )
    )
    twice = Drawing(
        body=BODY, left=0, top=0, width=20, height=50, quarter_turns=1, is_flipped_vertically=True
    )
    assert drawn.svg("twice") == svg(twice)


@pytest.mark.parametrize(
    ("icons", "aliases"),
    [
        pytest.param({}, {}, id="not there"),
        pytest.param({"x": "text"}, {}, id="no object"),
        pytest.param({"x": {}}, {}, id="no body"),
        pytest.param({"x": {"body": 1}}, {}, id="a body that is no text"),
        pytest.param({"x": {"body": BODY, "width": 0}}, {}, id="no area"),
        pytest.param({"x": {"body": BODY, "height": -1}}, {}, id="less than no area"),
        pytest.param({}, {"x": {"parent": "x"}}, id="an alias of itself"),
        pytest.param({}, {"x": {"parent": "y"}, "y": {"parent": "x"}}, id="aliases in a circle"),
        pytest.param({}, {"x": {}}, id="an alias of nothing"),
        pytest.param({}, {"x": {"parent": ["y"]}}, id="a parent that is no text"),
        pytest.param({}, {"x": "y"}, id="an alias that is no object"),
        pytest.param(
            {"11": {"body": BODY}},
            {"x": {"parent": "1"}, **{str(each): {"parent": str(each + 1)} for each in range(1, 11)}},
            id="too many aliases in a row",
        ),
    ],
)
def test_what_is_no_icon(icons: dict[str, object], aliases: dict[str, object]) -> None:
    assert make_set(icons, aliases).svg("x") is None


@given(
    icons=st.dictionaries(st.sampled_from("xyz"), st.dictionaries(FIELDS, JSON_VALUES | st.just("x"))),
    aliases=st.dictionaries(
        st.sampled_from("xyz"), st.dictionaries(FIELDS, JSON_VALUES | st.sampled_from("xyz"))
    ),
    root=st.dictionaries(FIELDS, JSON_VALUES),
)
def test_any_json_is_an_icon_or_none(
    icons: dict[str, object], aliases: dict[str, object], root: dict[str, object]
) -> None:
    document = make_set(icons, aliases, root).svg("x")
    assert document is None or document.startswith("<svg ")


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        pytest.param(0, "translate(0 0)", id="not turned"),
        pytest.param(1, "translate(40 0) rotate(90) translate(0 0)", id="a quarter"),
        pytest.param(2, "translate(20 40) rotate(180) translate(0 0)", id="a half"),
        pytest.param(3, "translate(0 20) rotate(270) translate(0 0)", id="three quarters"),
    ],
)
def test_turns(turns: int, expected: str) -> None:
    drawing = Drawing(body=BODY, left=0, top=0, width=20, height=40, quarter_turns=turns)
    assert transform(svg(drawing)) == expected


@pytest.mark.parametrize(
    ("across", "down", "expected"),
    [
        pytest.param(True, False, "translate(20 0) scale(-1 1) translate(0 0)", id="across"),
        pytest.param(False, True, "translate(0 40) scale(1 -1) translate(0 0)", id="down"),
        pytest.param(True, True, "translate(20 40) scale(-1 -1) translate(0 0)", id="both"),
    ],
)
def test_flips(across: bool, down: bool, expected: str) -> None:  # noqa: FBT001  # a table's columns
    drawing = Drawing(
        body=BODY,
        left=0,
        top=0,
        width=20,
        height=40,
        is_flipped_horizontally=across,
        is_flipped_vertically=down,
    )
    assert transform(svg(drawing)) == expected


@pytest.mark.parametrize(
    ("info", "licence", "attribution"),
    [
        pytest.param(
            {
                "name": "SVG Logos",
                "author": {"name": "Gil Barbara"},
                "license": {"title": "CC0", "spdx": "CC0-1.0"},
            },
            "CC0-1.0",
            "SVG Logos by Gil Barbara",
            id="all",
        ),
        pytest.param({"name": "Own", "license": {"title": "Ours"}}, "Ours", "Own", id="title only"),
        pytest.param({"license": "MIT", "author": 1, "name": " "}, None, None, id="other types"),
        pytest.param({}, None, None, id="nothing"),
    ],
)
def test_licence_and_author(
    tmp_path: Path, info: dict[str, object], licence: str | None, attribution: str | None
) -> None:
    inside = load(write(tmp_path / "a.json", {"prefix": "own", "icons": {}, "info": info}))
    assert (inside.licence, inside.attribution) == (licence, attribution)
    write(tmp_path / "info.json", info)
    beside = load(write(tmp_path / "icons.json", {"prefix": "own", "icons": {}}))
    assert (beside.licence, beside.attribution) == (licence, attribution)


def test_a_broken_info_beside_is_no_reason_to_fail(tmp_path: Path) -> None:
    write(tmp_path / "info.json", "{")
    assert load(write(tmp_path / "icons.json", {"prefix": "own", "icons": {}})).licence is None


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        pytest.param("", "it is not JSON", id="empty"),
        pytest.param("\x00", "it is not JSON", id="NUL"),
        pytest.param("[" * 200_000, "it is not JSON", id="nested without end"),
        pytest.param([], "it is not an object", id="a list"),
        pytest.param({"icons": {}}, "its `prefix` is not a text", id="no prefix"),
        pytest.param({"prefix": "", "icons": {}}, "its `prefix` is not a text", id="empty prefix"),
        pytest.param({"prefix": "own"}, "its `icons` are not an object", id="no icons"),
        pytest.param({"prefix": "own", "icons": []}, "its `icons` are not an object", id="a list of icons"),
    ],
)
def test_a_broken_file_is_named_with_the_rule(tmp_path: Path, document: object, rule: str) -> None:
    path = write(tmp_path / "own.json", document)
    with pytest.raises(ProviderError) as caught:
        load(path)
    assert f"{path} is not an Iconify set: {rule}" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        pytest.param("missing.json", "missing.json", id="missing"),
        pytest.param(".", "icons.json", id="a folder that is no package"),
        pytest.param("a" * 300, "a" * 300, id="a name that is too long"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, path: str, named: str) -> None:
    with pytest.raises(ProviderError, match="LOGO_CACHE_ICONIFY_FILES") as caught:
        load(tmp_path / path)
    assert f"{tmp_path / named} cannot be read" in str(caught.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(iconify.MAX_BYTES + 1)  # sparse: it takes no room
    with pytest.raises(ProviderError, match="larger than"):
        load(path)


def test_the_folder_of_an_npm_package_is_its_set(tmp_path: Path) -> None:
    write(tmp_path / "icons.json", {"prefix": "own", "icons": {"x": {"body": BODY}}})
    write(tmp_path / "info.json", {"name": "Own", "license": {"spdx": "MIT"}})
    icons = load(tmp_path)
    assert (icons.licence, icons.svg("x") is not None) == ("MIT", True)
