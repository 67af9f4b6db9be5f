"""Rules of acceptance: which images are logos, which is best, what may replace a stored one.

An image shared by unrelated companies is what a provider sends for "none". Anyone can publish a copy of
a company's logo, so copies count by what they cost: sub-domains of a platform are free, and count once;
registered domains cost little; entries of the catalogue were chosen by the operator. Entries made on
demand prove nothing about an entry of the catalogue, and no number of copies proves anything about a
stored logo.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import assert_never

from logocache.domains import registrable_domain, registry_domain
from logocache.model import (
    IconPurpose,
    ImageInfo,
    LogoRecord,
    Origin,
    OutcomeKind,
    Status,
)
from logocache.policy.attempts import NO_LOGO, SUCCESSES, SourceResult
from logocache.ports import Candidate, NormalisedImage, ProviderTerms

SMALLEST_SIDE = 16
"""Pixels; an image with a shorter side is not a logo."""
GOOD_SIDE = 64
"""Pixels of the longest side from which no further source is asked."""
SQUARISH = 0.9
"""Ratio of short to long side from which an image counts as square."""
UNSEEN = 1000
"""Divisor of the score of what cannot be seen: above all others', which are at most 513."""
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
    if not image.is_vector and (short < SMALLEST_SIDE or long > short * WIDEST):
        return Grade.UNUSABLE
    if not image.shows_on_white:
        return Grade.POOR
    if image.is_vector:
        return Grade.GOOD if long <= short * WIDEST else Grade.POOR
    if long < GOOD_SIDE or short < long * SQUARISH or purpose is IconPurpose.MASKABLE:
        return Grade.POOR
    return Grade.GOOD


def score(image: ImageInfo, purpose: IconPurpose) -> float:
    """Rank of an image among those of one integration; higher is better.

    What can be seen comes before what cannot; then vectors, then squarish images, then size up to 512 pixels.
    """
    short, long = sorted((image.width, image.height))
    pixels = 512 if image.is_vector else min(short, 512)
    squareness = short / long if long else 0.0
    purpose_factor = 0.5 if purpose is IconPurpose.MASKABLE else 1.0
    rank = pixels * squareness * purpose_factor + (1 if image.is_vector else 0)
    return rank if image.shows_on_white else rank / UNSEEN


SMALLEST_DARK = 32
"""Pixels of the longest side of a picture for dark pages, unless the logo itself is smaller."""


def is_dark_form(image: NormalisedImage, logo: NormalisedImage) -> bool:
    """True if `image`, which a site offers for dark pages, can stand there for `logo`."""
    sides = max(image.width, image.height), min(SMALLEST_DARK, max(logo.width, logo.height))
    is_usable = grade(image.source, IconPurpose.DARK) is not Grade.UNUSABLE
    return is_usable and image.source.shows_on_dark and sides[0] >= sides[1]


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
    fingerprints = {
        "sha256": terms.placeholder_sha256,
        "sha1": terms.placeholder_sha1,
        "md5": terms.placeholder_md5,
    }
    return any(
        hashlib.new(name, body, usedforsecurity=False).hexdigest() in known
        for name, known in fingerprints.items()
        if known  # few providers have any
    )


def candidates_digest(candidates: Sequence[Candidate], *, rules: str) -> str:
    """Fingerprint of a source's offer, under `rules` of this version; the same one is not compared again."""
    offer = "\n".join(
        f"{candidate.provider} {candidate.purpose} {candidate.expected_size} {candidate.url}"
        for candidate in candidates
    )
    return f"{rules}-{hashlib.sha256(offer.encode('utf-8', 'surrogatepass')).hexdigest()[:48]}"


def unsettled(rules: str) -> str:
    """Instead of the digest of an offer of which something could not be had: next time it is judged anew."""
    return f"{rules}-unsettled"


def was_judged_by(rules: str, digest: str | None) -> bool:
    """True if the image chosen from the offer of this digest need not be seen again. None: of no offer."""
    return digest is None or digest.startswith(f"{rules}-")


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


UNRELATED_COMPANIES = 4
"""Companies that must share an image before it is a placeholder: two or three names may share a logo."""
PROBES_IN_A_ROW = 3
"""Failed probes after which a provider is not probed for a while."""
PROBE_REST = 3600.0
"""Seconds between series of probes."""

CONCLUSIVE = SUCCESSES | NO_LOGO
"""Outcomes after which no second probe is needed."""


@dataclass(frozen=True, slots=True)
class Company:
    """An owner of an image, as far as unrelated companies must be distinguished."""

    name: str
    """`amazon` for `www.amazon.co.uk`: national sites of one company are not unrelated."""
    in_catalog: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeState:
    """State of probing one provider with a domain that cannot exist."""

    answered: bool = False
    failures: int = 0
    """In the current series of probes."""
    asked_at: float | None = None
    """Seconds of a monotonic clock."""


def company_of(domain: str, origin: Origin) -> Company:
    match origin:
        case Origin.CATALOG | Origin.CUSTOM:
            return Company(registrable_domain(domain).partition(".")[0], in_catalog=True)
        case Origin.ON_DEMAND:
            return Company(registry_domain(domain).partition(".")[0], in_catalog=False)
        case _:
            assert_never(origin)


def with_companies(seen: frozenset[Company], companies: Iterable[Company]) -> frozenset[Company]:
    """`seen` with `companies` added; not beyond the number that decides."""
    for company in companies:
        same = [other for other in seen if other.in_catalog is company.in_catalog]
        if len(same) < UNRELATED_COMPANIES:
            seen |= {company}
    return seen


def is_shared(seen: Collection[Company], company: Company) -> bool:
    """True if an image shown by all of `seen` cannot be the logo of `company`."""
    names = {other.name for other in seen if other.in_catalog or not company.in_catalog}
    return len(names) >= UNRELATED_COMPANIES


def wants_probe(state: ProbeState, *, now: float, is_suspicious: bool) -> bool:
    """True if the provider should be probed now: once, or again if the probe failed.

    An image that many companies share (`is_suspicious`) may be a placeholder that an earlier probe did
    not receive: then it is probed again, after a rest.
    """
    rested = state.asked_at is None or now - state.asked_at >= PROBE_REST
    if state.answered:
        return is_suspicious and rested
    return rested or state.failures < PROBES_IN_A_ROW


def probed(state: ProbeState, kinds: Collection[OutcomeKind], *, now: float) -> ProbeState:
    """State after a probe that ended with `kinds`, one outcome for each requested image."""
    answered = all(kind in CONCLUSIVE for kind in kinds)
    rested = state.asked_at is None or now - state.asked_at >= PROBE_REST
    failures = 0 if answered else (0 if rested else state.failures) + 1
    return ProbeState(answered=answered or state.answered, failures=failures, asked_at=now)
