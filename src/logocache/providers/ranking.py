"""Which of a site's icons to look at first. Pure.

What is declared is a hint: the winner is chosen later, by real pixels. The order only saves requests.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import assert_never

from logocache.providers.icons import Icon, Role

LARGE_MANIFEST = 192
LARGE_TOUCH = 120
LARGE_LINK = 96
MEDIUM = 48


class Rank(IntEnum):
    """Best first."""

    VECTOR = 0
    LARGE = 1
    MEDIUM = 2
    UNDECLARED = 3
    """A link without a size may be of any."""
    ROOT_TOUCH = 4
    MASKABLE = 5
    """Its outer ring is only a ground, so the mark in it is small."""
    MULTIPLE = 6
    """An ICO, which may hold a large frame, and images of about that size."""
    SMALL = 7


def ranked(icons: Iterable[Icon]) -> list[Icon]:
    """The icons, best first, each address once.

    Larger ones first within a rank; among equals the one that the site names last
    (https://html.spec.whatwg.org/multipage/links.html#rel-icon).
    """
    placed = sorted(enumerate(icons), key=lambda each: (rank_of(each[1]), -(each[1].size or 0), -each[0]))
    best = {icon.url: icon for _, icon in reversed(placed)}
    return [icon for _, icon in placed if best[icon.url] is icon]


def rank_of(icon: Icon) -> Rank:
    if icon.role is Role.MASKABLE:
        return Rank.MASKABLE
    if icon.is_vector:
        return Rank.VECTOR
    if icon.role is Role.ROOT_TOUCH:
        return Rank.ROOT_TOUCH
    if icon.is_ico:
        return Rank.MULTIPLE
    if icon.size is None:
        # Touch icons without a size are 180 px wide nowadays.
        return Rank.LARGE if icon.role is Role.TOUCH else Rank.UNDECLARED
    if icon.size >= large(icon.role):
        return Rank.LARGE
    if icon.size >= LARGE_LINK:
        return Rank.MEDIUM
    return Rank.MULTIPLE if icon.size >= MEDIUM else Rank.SMALL


def large(role: Role) -> int:
    """From how many pixels on an icon of this role is as good as any."""
    match role:
        case Role.TOUCH | Role.ROOT_TOUCH:
            return LARGE_TOUCH
        case Role.LINK | Role.MANIFEST | Role.MASKABLE | Role.ROOT_ICO:
            return LARGE_MANIFEST
        case _:
            assert_never(role)
