"""Is it a logo, and which of several is the best."""

import hashlib
from collections.abc import Sequence
from enum import IntEnum

from logocache.model import Candidate, IconPurpose, ImageInfo
from logocache.ports import ProviderTerms

SMALLEST_SIDE = 16
"""Under this many pixels an image is no logo."""
GOOD_SIDE = 64
"""From this many pixels on the longest side, no further source is asked."""
SQUARISH = 0.9
"""Short side over long side, from which an image counts as square."""
WIDEST = 6
"""Long side over short side: beyond, it is a banner."""


class Grade(IntEnum):
    """How usable an image is. The first GOOD one ends the search; else the best POOR one wins."""

    UNUSABLE = 0
    POOR = 1
    GOOD = 2


def grade(image: ImageInfo, purpose: IconPurpose) -> Grade:
    """Judge real pixels, never what was declared."""
    short, long = sorted((image.width, image.height))
    if image.is_vector:
        return Grade.GOOD if long <= short * WIDEST else Grade.POOR
    if short < SMALLEST_SIDE or long > short * WIDEST:
        return Grade.UNUSABLE
    if long < GOOD_SIDE or short < long * SQUARISH or purpose is IconPurpose.MASKABLE:
        return Grade.POOR
    return Grade.GOOD


def score(image: ImageInfo, purpose: IconPurpose) -> float:
    """For comparing images of one integration: higher is better.

    Vectors win, then squarish images, then size up to 512 pixels.
    """
    short, long = sorted((image.width, image.height))
    pixels = 512 if image.is_vector else min(short, 512)
    squareness = short / long if long else 0.0
    purpose_factor = 0.5 if purpose is IconPurpose.MASKABLE else 1.0
    return pixels * squareness * purpose_factor + (1 if image.is_vector else 0)


def is_stand_in(body: bytes, image: ImageInfo | None, terms: ProviderTerms) -> bool:
    """Whether `body` is the image this provider gives when it has none.

    `image` is None before decoding; then only fingerprints count.
    """
    if (
        image is not None
        and not image.is_vector
        and max(image.width, image.height) <= terms.smallest_acceptable
    ):
        return True
    return (
        hashlib.sha256(body).hexdigest() in terms.placeholder_sha256
        or hashlib.sha1(body, usedforsecurity=False).hexdigest() in terms.placeholder_sha1
        or hashlib.md5(body, usedforsecurity=False).hexdigest() in terms.placeholder_md5
    )


def candidates_digest(candidates: Sequence[Candidate]) -> str:
    """A fingerprint of what a source offers, so that an unchanged offer needs no second look."""
    offer = "\n".join(
        f"{each.provider} {each.purpose} {each.expected_size} {each.url}" for each in candidates
    )
    return hashlib.sha256(offer.encode("utf-8", "surrogatepass")).hexdigest()
