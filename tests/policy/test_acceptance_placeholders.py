"""When a picture that several companies share is what a provider sends for "none"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.model import Origin, OutcomeKind
from logocache.policy.acceptance import (
    PROBE_REST,
    PROBES_IN_A_ROW,
    UNRELATED_COMPANIES,
    Company,
    ProbeState,
    company_of,
    is_shared,
    probed,
    wants_probe,
    with_companies,
)


@pytest.mark.parametrize(
    ("domain", "origin", "name"),
    [
        pytest.param("www.amazon.co.uk", Origin.CATALOG, "amazon", id="a national site"),
        pytest.param("amazon.de", Origin.ON_DEMAND, "amazon", id="of a stranger, too"),
        pytest.param("shop.acme.com", Origin.ON_DEMAND, "acme", id="a sub-domain"),
        pytest.param("one.github.io", Origin.ON_DEMAND, "github", id="GitHub gives names out"),
        pytest.param("two.github.io", Origin.ON_DEMAND, "github", id="as many as one likes"),
        pytest.param("one.vercel.app", Origin.ON_DEMAND, "vercel", id="Vercel, too"),
        pytest.param("one.myshopify.com", Origin.ON_DEMAND, "myshopify", id="Shopify, too"),
        pytest.param("one.eu.org", Origin.ON_DEMAND, "eu", id="a registry that is none"),
        pytest.param("a.b.one.pages.dev", Origin.ON_DEMAND, "pages", id="deeper"),
        pytest.param("one.myshopify.com", Origin.CUSTOM, "one", id="the operator chose this shop"),
        pytest.param("one.test", Origin.CATALOG, "one", id="a suffix that nobody lists"),
    ],
)
def test_companies_are_told_apart_by_what_costs_something(domain: str, origin: Origin, name: str) -> None:
    company = company_of(domain, origin)
    assert company == Company(name, in_catalog=origin is not Origin.ON_DEMAND)


def wanted(*names: str) -> frozenset[Company]:
    return frozenset(Company(name, in_catalog=True) for name in names)


def strangers(*names: str) -> frozenset[Company]:
    return frozenset(Company(name, in_catalog=False) for name in names)


@pytest.mark.parametrize(
    ("seen", "for_catalog", "for_stranger"),
    [
        pytest.param(wanted("a", "b", "c"), False, False, id="three of the catalogue"),
        pytest.param(wanted("a", "b", "c", "d"), True, True, id="four of the catalogue"),
        pytest.param(strangers("a", "b", "c", "d", "e"), False, True, id="strangers"),
        pytest.param(wanted("a", "b", "c") | strangers("d"), False, True, id="both"),
        pytest.param(wanted("a", "b", "c") | strangers("a", "b", "c"), False, False, id="the same names"),
    ],
)
def test_strangers_say_nothing_about_the_catalogue(
    seen: frozenset[Company],
    for_catalog: bool,  # noqa: FBT001  # a column of the table
    for_stranger: bool,  # noqa: FBT001  # as above
) -> None:
    assert is_shared(seen, Company("a", in_catalog=True)) is for_catalog
    assert is_shared(seen, Company("a", in_catalog=False)) is for_stranger


companies = st.builds(Company, st.sampled_from("abcdefghij"), in_catalog=st.booleans())


@given(shown=st.lists(companies, max_size=40), asking=companies)
def test_what_is_remembered_is_little_and_decides_as_all_would(shown: list[Company], asking: Company) -> None:
    seen = with_companies(frozenset(), shown)
    assert len(seen) <= 2 * UNRELATED_COMPANIES
    if is_shared(seen, asking):
        assert is_shared(frozenset(shown), asking)
    catalog = Company("x", in_catalog=True)
    assert is_shared(seen, catalog) is is_shared(frozenset(shown), catalog)


@given(number=st.integers(1, 100))
def test_no_number_of_strangers_takes_a_picture_from_the_catalogue(number: int) -> None:
    seen = strangers(*(f"evil{index}" for index in range(number)))
    assert not is_shared(seen | wanted("acme"), Company("acme", in_catalog=True))


@pytest.mark.parametrize(
    ("state", "after", "is_suspicious", "expected"),
    [
        pytest.param(ProbeState(), 0, False, True, id="never asked"),
        pytest.param(ProbeState(answered=True, asked_at=0), 1e9, False, False, id="answered, once for all"),
        pytest.param(ProbeState(answered=True, asked_at=0), 1, True, False, id="suspicious, just answered"),
        pytest.param(ProbeState(answered=True, asked_at=0), PROBE_REST, True, True, id="suspicious, later"),
        pytest.param(ProbeState(failures=1, asked_at=0), 0, False, True, id="failed once"),
        pytest.param(ProbeState(failures=PROBES_IN_A_ROW, asked_at=0), 1, False, False, id="failed often"),
        pytest.param(ProbeState(failures=PROBES_IN_A_ROW, asked_at=0), 1, True, False, id="and suspicious"),
        pytest.param(ProbeState(failures=9, asked_at=0), PROBE_REST, False, True, id="after a rest"),
    ],
)
def test_when_a_provider_is_asked(
    state: ProbeState,
    after: float,
    is_suspicious: bool,  # noqa: FBT001  # a column of the table
    expected: bool,  # noqa: FBT001  # as above
) -> None:
    assert wants_probe(state, now=after, is_suspicious=is_suspicious) is expected


@pytest.mark.parametrize("kind", OutcomeKind)
def test_only_an_answer_settles_what_a_provider_sends(kind: OutcomeKind) -> None:
    settled = {
        OutcomeKind.FOUND,
        OutcomeKind.UNCHANGED,
        OutcomeKind.NOT_FOUND,
        OutcomeKind.PLACEHOLDER,
        OutcomeKind.INVALID_IMAGE,
    }
    assert probed(ProbeState(), [OutcomeKind.FOUND, kind], now=1).answered is (kind in settled)


def test_a_failed_question_unsettles_nothing() -> None:
    state = probed(ProbeState(answered=True, asked_at=0), [OutcomeKind.TRANSIENT], now=PROBE_REST)
    assert (state.answered, state.asked_at) == (True, PROBE_REST)


@given(st.lists(st.floats(0, 4 * PROBE_REST), min_size=1, max_size=60))
def test_a_provider_that_never_answers_is_asked_seldom(times: list[float]) -> None:
    state, asked = ProbeState(), 0
    for now in sorted(times):
        if wants_probe(state, now=now, is_suspicious=True):
            state, asked = probed(state, [OutcomeKind.TRANSIENT], now=now), asked + 1
    assert asked <= PROBES_IN_A_ROW * 5
