"""Rules of provider placeholders: an image shared by unrelated companies is what a provider sends for "none".

Anyone can publish a copy of a company's logo. So copies count by what they cost: sub-domains of a
platform are free, and count once; registered domains cost little; entries of the catalogue were chosen
by the operator. Entries made on demand prove nothing about an entry of the catalogue, and no number of
copies proves anything about a stored logo.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import assert_never

from logocache.domains import registrable_domain, registry_domain
from logocache.model import Integration, Origin, OutcomeKind
from logocache.policy.attempts import NO_LOGO, SUCCESSES

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


def company_of(integration: Integration) -> Company:
    match integration.origin:
        case Origin.CATALOG | Origin.CUSTOM:
            return Company(registrable_domain(integration.domain).partition(".")[0], in_catalog=True)
        case Origin.ON_DEMAND:
            return Company(registry_domain(integration.domain).partition(".")[0], in_catalog=False)
        case _:
            assert_never(integration.origin)


def with_company(seen: frozenset[Company], company: Company) -> frozenset[Company]:
    """`seen` with `company` added; not beyond the number that decides."""
    same = [other for other in seen if other.in_catalog is company.in_catalog]
    return seen | {company} if len(same) < UNRELATED_COMPANIES else seen


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
