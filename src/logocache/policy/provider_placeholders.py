"""What several companies share is no logo: it is the picture that a provider sends for "none".

Anybody can put a copy of a company's picture on pages of his own. So the more a copy costs, the more
it says: sub-domains of a platform are free, and count once; registered domains cost little; entries
of the catalogue were chosen by the operator. Strangers' copies say nothing about an entry of the
catalogue, and no number of copies says anything about a logo that is stored.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import assert_never

from logocache.domains import registrable_domain, registry_domain
from logocache.model import Integration, Origin, OutcomeKind
from logocache.policy.attempts import NO_LOGO, SUCCESSES

UNRELATED_COMPANIES = 4
"""From so many on, a picture is nobody's: companies share logos among two or three names."""
PROBES_IN_A_ROW = 3
"""Questions that may fail before a provider is left alone with them for a while."""
PROBE_REST = 3600.0
"""Seconds."""

CONCLUSIVE = SUCCESSES | NO_LOGO
"""Outcomes of a probe that need no second one. All others leave open what the provider sends for "none"."""


@dataclass(frozen=True, slots=True)
class Company:
    """Who shows a picture, as far as unrelated companies are to be told apart."""

    name: str
    """`amazon` for `www.amazon.co.uk`: national sites of one company are not unrelated."""
    in_catalog: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeState:
    """What came of asking a provider for a domain that cannot exist."""

    answered: bool = False
    failures: int = 0
    """Since it was last asked after a rest."""
    asked_at: float | None = None
    """Seconds of a clock that only moves forward."""


def company_of(integration: Integration) -> Company:
    match integration.origin:
        case Origin.CATALOG | Origin.CUSTOM:
            return Company(registrable_domain(integration.domain).partition(".")[0], in_catalog=True)
        case Origin.ON_DEMAND:
            return Company(registry_domain(integration.domain).partition(".")[0], in_catalog=False)
        case _:
            assert_never(integration.origin)


def with_company(seen: frozenset[Company], company: Company) -> frozenset[Company]:
    """`seen` with one more; never more than count."""
    same = [each for each in seen if each.in_catalog is company.in_catalog]
    return seen | {company} if len(same) < UNRELATED_COMPANIES else seen


def is_shared(seen: Collection[Company], company: Company) -> bool:
    """True if a picture that all of `seen` show is no logo for `company`."""
    names = {each.name for each in seen if each.in_catalog or not company.in_catalog}
    return len(names) >= UNRELATED_COMPANIES


def wants_probe(state: ProbeState, *, now: float, is_suspicious: bool) -> bool:
    """True if the provider is to be asked, and asked again: once for all, unless it could not be asked.

    A picture that many share (`is_suspicious`) may be one that it did not send when it was asked.
    """
    rested = state.asked_at is None or now - state.asked_at >= PROBE_REST
    if state.answered:
        return is_suspicious and rested
    return rested or state.failures < PROBES_IN_A_ROW


def probed(state: ProbeState, kinds: Collection[OutcomeKind], *, now: float) -> ProbeState:
    """The state after a probe that ended with `kinds`, one for each picture that was asked for."""
    answered = all(kind in CONCLUSIVE for kind in kinds)
    rested = state.asked_at is None or now - state.asked_at >= PROBE_REST
    failures = 0 if answered else (0 if rested else state.failures) + 1
    return ProbeState(answered=answered or state.answered, failures=failures, asked_at=now)
