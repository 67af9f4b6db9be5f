"""Acceptance: which image is a logo, which of several is best, and what may replace a stored one."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from logocache.model import IconPurpose, ImageInfo, LogoRecord, Status, StoredFile
from logocache.policy.attempts import NO_LOGO, SourceResult
from logocache.ports import Candidate, ProviderTerms

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
        f"{candidate.provider} {candidate.purpose} {candidate.expected_size} {candidate.url}"
        for candidate in candidates
    )
    return hashlib.sha256(offer.encode("utf-8", "surrogatepass")).hexdigest()


RECOVERED = "recovered"
"""The provider recorded for a logo whose file was found again after its database was lost."""


def says_gone(provider: str | None, asked: Collection[str], results: Sequence[SourceResult]) -> bool:
    """True if `provider`, one of those `asked`, says that it has no logo: a failure to ask says nothing."""
    return provider in asked and all(
        result.kind in NO_LOGO for result in results if result.provider == provider
    )


def stands(
    record: LogoRecord, *, is_intact: bool, is_gone: bool, now: datetime, refresh_interval: timedelta
) -> bool:
    """True if the stored logo of `record` is to be kept against worse ones.

    It is until its source has said twice, a refresh interval apart, that it has it no more: `is_gone`
    is what it says now. A file that is not there (`is_intact` is False) changes nothing about that.
    """
    if record.status is not Status.CACHED:
        return False
    if record.candidates_digest is None:
        # Chosen from no offer of this entry's sources: found again, or left from another domain.
        return record.provider == RECOVERED and is_intact
    said_before = record.source_gone_at is not None and now - record.source_gone_at >= refresh_interval
    return not (is_gone and said_before)


def is_worse(
    width: int, height: int, provider: str, *, stored: StoredFile, source: str | None, chain: Sequence[str]
) -> bool:
    """True if an image of `provider` is worse than the `stored` one, which `source` gave.

    First the pixels decide, then the order of the chain. A source that is not asked any more comes last.
    """
    offered, had = (
        grade(ImageInfo(format="png", width=each[0], height=each[1]), IconPurpose.GENERAL)
        for each in ((width, height), (stored.width, stored.height))
    )
    return (offered, -_place(provider, chain)) < (had, -_place(source, chain))


def _place(provider: str | None, chain: Sequence[str]) -> int:
    return chain.index(provider) if provider in chain else len(chain)
