"""Rules of acceptance: which images are logos, which is best, and which may replace a stored one."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from logocache.model import IconPurpose, ImageInfo, LogoRecord, Status, StoredFile
from logocache.policy.attempts import NO_LOGO, SourceResult
from logocache.ports import Candidate, ProviderTerms

SMALLEST_SIDE = 16
"""Pixels; an image with a shorter side is not a logo."""
GOOD_SIDE = 64
"""Pixels of the longest side from which no further source is asked."""
SQUARISH = 0.9
"""Ratio of short to long side from which an image counts as square."""
WIDEST = 6
"""Ratio of long to short side beyond which an image is a banner."""


class Grade(IntEnum):
    """Usability of an image. The first GOOD one ends the search; else the best POOR one wins."""

    UNUSABLE = 0
    POOR = 1
    GOOD = 2


def grade(image: ImageInfo, purpose: IconPurpose) -> Grade:
    """Grade an image by its real pixels, never by its declared size."""
    short, long = sorted((image.width, image.height))
    if image.is_vector:
        return Grade.GOOD if long <= short * WIDEST else Grade.POOR
    if short < SMALLEST_SIDE or long > short * WIDEST:
        return Grade.UNUSABLE
    if long < GOOD_SIDE or short < long * SQUARISH or purpose is IconPurpose.MASKABLE:
        return Grade.POOR
    return Grade.GOOD


def score(image: ImageInfo, purpose: IconPurpose) -> float:
    """Rank of an image among those of one integration; higher is better.

    Vectors come first, then squarish images, then size up to 512 pixels.
    """
    short, long = sorted((image.width, image.height))
    pixels = 512 if image.is_vector else min(short, 512)
    squareness = short / long if long else 0.0
    purpose_factor = 0.5 if purpose is IconPurpose.MASKABLE else 1.0
    return pixels * squareness * purpose_factor + (1 if image.is_vector else 0)


def is_provider_placeholder(body: bytes, image: ImageInfo | None, terms: ProviderTerms) -> bool:
    """True if `body` is the image that this provider sends when it has no logo.

    `image` is None before decoding; then only fingerprints are compared.
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
    """Fingerprint of a source's offer; an unchanged offer need not be compared again."""
    offer = "\n".join(
        f"{candidate.provider} {candidate.purpose} {candidate.expected_size} {candidate.url}"
        for candidate in candidates
    )
    return hashlib.sha256(offer.encode("utf-8", "surrogatepass")).hexdigest()


RECOVERED = "recovered"
"""Provider of a logo recovered from its file after the database was lost."""


def is_gone_from(provider: str | None, asked: Collection[str], results: Sequence[SourceResult]) -> bool:
    """True if `provider` was `asked` and has no logo. A failed request proves nothing."""
    return provider in asked and all(
        result.kind in NO_LOGO for result in results if result.provider == provider
    )


def stands(
    record: LogoRecord, *, is_intact: bool, is_gone: bool, now: datetime, refresh_interval: timedelta
) -> bool:
    """True if the stored logo of `record` may not be replaced by a worse one.

    It is protected until its source has lacked it twice, a refresh interval apart; `is_gone` tells
    that the source lacks it now. A missing file (`is_intact` is False) does not end the protection.
    """
    if record.status is not Status.CACHED:
        return False
    if record.candidates_digest is None:
        # Not chosen from an offer of this entry's sources: recovered, or left from an earlier domain.
        return record.provider == RECOVERED and is_intact
    was_gone = record.source_gone_at is not None and now - record.source_gone_at >= refresh_interval
    return not (is_gone and was_gone)


def is_worse(
    width: int, height: int, provider: str, *, stored: StoredFile, source: str | None, chain: Sequence[str]
) -> bool:
    """True if an image of `provider` is worse than the `stored` one of `source`.

    Compares grades, then positions in the chain. A source that is no longer asked comes last.
    """
    offered, had = (
        grade(ImageInfo(format="png", width=size[0], height=size[1]), IconPurpose.GENERAL)
        for size in ((width, height), (stored.width, stored.height))
    )
    return (offered, -_place(provider, chain)) < (had, -_place(source, chain))


def _place(provider: str | None, chain: Sequence[str]) -> int:
    return chain.index(provider) if provider in chain else len(chain)
