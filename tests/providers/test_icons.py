"""Declared facts of icons, and the order in which icons are looked at."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logocache.providers.icons import Icon, Rank, Role, longest_side, media_type, rank_of, ranked


@pytest.mark.parametrize(
    ("sizes", "side"),
    [
        pytest.param("32x32", 32, id="one"),
        pytest.param("16X16 48x48 32x32", 48, id="several, any case"),
        pytest.param("200x100", 200, id="not square"),
        pytest.param("any", None, id="any"),
        pytest.param("any 64x64", 64, id="any and one"),
        pytest.param("", None, id="none"),
        pytest.param("032x032", None, id="leading zero"),
        pytest.param("32x", None, id="half"),
        pytest.param("99999999x1", None, id="absurd"),
        pytest.param("1x1 " * 1000 + "64x64", 1, id="a list without end"),
    ],
)
def test_declared_sizes(sizes: str, side: int | None) -> None:
    assert longest_side(sizes) == side


def test_a_media_type_is_read_without_its_parameters() -> None:
    assert media_type(" Image/SVG+xml ; charset=utf-8") == "image/svg+xml"


def icon(name: str, role: Role = Role.LINK, size: int | None = None, kind: str = "") -> Icon:
    return Icon(url=f"https://a.test/{name}", role=role, size=size, media_type=kind)


BEST_FIRST = (
    icon("link.svg"),
    icon("manifest-512.png", Role.MANIFEST, 512),
    icon("manifest-192.png", Role.MANIFEST, 192),
    icon("touch-180.png", Role.TOUCH, 180),
    icon("touch-120.png", Role.TOUCH, 120),
    icon("touch.png", Role.TOUCH),
    icon("manifest-144.png", Role.MANIFEST, 144),
    icon("link-96.png", size=96),
    icon("link.png"),
    icon("maskable-512.png", Role.MASKABLE, 512),
    icon("link-64.png", size=64),
    icon("link-32.ico", size=32),
    icon("link-32.png", size=32),
    icon("link-16.png", size=16),
    icon("apple-touch-icon.png", Role.ROOT_TOUCH),
    icon("favicon.ico", Role.ROOT_ICO),
)


@example(rest="//[,x", kind="")
@given(
    rest=st.text(alphabet="/[]@:%?#.,\u2100\u2488svgico", max_size=8), kind=st.sampled_from(["", "image/ico"])
)
def test_a_data_uri_of_any_kind_has_a_rank(rest: str, kind: str) -> None:
    """`data://[,x` is no URL that could be taken apart, and `data:,a.svg` has no path that says anything."""
    assert ranked([Icon(url=f"data:{rest}", role=Role.LINK, media_type=kind)])


@pytest.mark.parametrize("url", ["data:,x.svg", "data:,x.ico"])
def test_the_content_of_a_data_uri_is_no_path(url: str) -> None:
    assert rank_of(Icon(url=url, role=Role.LINK)) is Rank.UNDECLARED


@given(order=st.permutations(BEST_FIRST))
def test_the_order_that_suits_logos(order: list[Icon]) -> None:
    assert ranked(order) == list(BEST_FIRST)


@pytest.mark.parametrize(
    ("each", "rank"),
    [
        pytest.param(icon("x", kind="image/svg+xml"), Rank.VECTOR, id="SVG by its type"),
        pytest.param(icon("x.svg", kind="image/png"), Rank.UNDECLARED, id="a type goes before the address"),
        pytest.param(icon("x.SVG?v=1"), Rank.VECTOR, id="SVG by its address"),
        pytest.param(icon("x", kind="image/x-icon", size=16), Rank.MULTIPLE, id="ICO by its type"),
        pytest.param(icon("x.svg", Role.MASKABLE), Rank.MASKABLE, id="a maskable SVG"),
        pytest.param(icon("x.png", Role.TOUCH, 57), Rank.MULTIPLE, id="a small touch icon"),
        pytest.param(icon("x.png", Role.MANIFEST, 36), Rank.SMALL, id="a small manifest icon"),
    ],
)
def test_ranks(each: Icon, rank: Rank) -> None:
    assert rank_of(each) is rank


def test_among_equals_the_last_one_comes_first() -> None:
    first, second = icon("a.png", size=32), icon("b.png", size=32)
    assert ranked([first, second]) == [second, first]


def test_of_one_address_the_best_mention_is_kept() -> None:
    small, touch = icon("a.png", size=32), icon("a.png", Role.TOUCH, 180)
    for order in itertools.permutations([small, touch]):
        assert ranked(order) == [touch]


def test_every_role_has_a_rank() -> None:
    for role, size in itertools.product(Role, (None, 16, 512)):
        assert rank_of(icon("x.png", role, size)) in Rank
