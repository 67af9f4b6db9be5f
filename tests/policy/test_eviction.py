"""Eviction: the order in which logos go, and who may take whose place."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import NOW, make_cached, make_file
from logocache.model import LogoRecord, Origin, ReplacedFile, Status
from logocache.policy.eviction import EvictionPlan, Newcomer, StoredLogo, Worth, plan_eviction, worth_of


def replaced(name: str = "old.png", size: int = 5) -> ReplacedFile:
    return ReplacedFile(name=name, key="a", size=size, sha256="0" * 64, delete_after=NOW)


def entry(worth: Worth) -> LogoRecord:
    on_demand = worth in {Worth.ON_DEMAND_PLACEHOLDER, Worth.ON_DEMAND_LOGO}
    return make_cached(
        "stored",
        origin=Origin.ON_DEMAND if on_demand else Origin.CATALOG,
        status=Status.PLACEHOLDER if worth <= Worth.PLACEHOLDER else Status.CACHED,
    )


def logo(worth: Worth, key: str = "stored", size: int = 5) -> StoredLogo:
    return StoredLogo(key=key, file=make_file(key, size=size), worth=worth)


def newcomer(worth: Worth, size: int = 5, key: str = "new") -> Newcomer:
    return Newcomer(key=key, size=size, worth=worth)


def taken(plan: EvictionPlan) -> list[str]:
    return [logo.key for logo in plan.logos] + [item.name for item in plan.replaced]


ENTRIES = [worth for worth in Worth if worth is not Worth.REPLACED]


@pytest.mark.parametrize("worth", ENTRIES)
def test_an_entry_is_worth_what_its_origin_and_status_say(worth: Worth) -> None:
    assert worth_of(entry(worth)) is worth


def test_an_own_entry_is_worth_what_one_of_the_catalogue_is() -> None:
    assert worth_of(make_cached(origin=Origin.CUSTOM)) is Worth.LOGO


def test_nothing_goes_while_there_is_room() -> None:
    plan = plan_eviction(
        room=5, newcomers=[newcomer(Worth.LOGO)], replaced=[replaced()], logos=[logo(Worth.LOGO)]
    )
    assert plan == EvictionPlan()


@pytest.mark.parametrize("stored", ENTRIES)
@pytest.mark.parametrize("new", ENTRIES)
def test_nobody_goes_for_what_is_worth_less(new: Worth, stored: Worth) -> None:
    plan = plan_eviction(room=0, newcomers=[newcomer(new)], replaced=[], logos=[logo(stored)])
    assert (taken(plan) == ["stored"]) is (stored <= new)
    assert (plan.refused == {"new"}) is (stored > new)
    assert plan.short_by == 0


@pytest.mark.parametrize("new", ENTRIES)
def test_replaced_files_go_for_logos_and_not_for_placeholders(new: Worth) -> None:
    plan = plan_eviction(room=0, newcomers=[newcomer(new)], replaced=[replaced()], logos=[])
    assert (taken(plan) == ["old.png"]) is (new >= Worth.ON_DEMAND_LOGO)


def test_placeholders_go_first_then_replaced_files_then_logos() -> None:
    logos = [logo(worth, key=worth.name) for worth in ENTRIES]
    orders = []
    for room in (-5, -10, -15, -20, -25, -30):
        plan = plan_eviction(room=room, newcomers=[], replaced=[replaced()], logos=logos)
        orders.append(taken(plan))
    assert orders == [
        ["ON_DEMAND_PLACEHOLDER"],
        ["ON_DEMAND_PLACEHOLDER", "PLACEHOLDER"],
        ["ON_DEMAND_PLACEHOLDER", "PLACEHOLDER", "old.png"],
        ["ON_DEMAND_PLACEHOLDER", "PLACEHOLDER", "ON_DEMAND_LOGO", "old.png"],
        ["ON_DEMAND_PLACEHOLDER", "PLACEHOLDER", "ON_DEMAND_LOGO", "LOGO", "old.png"],
        ["ON_DEMAND_PLACEHOLDER", "PLACEHOLDER", "ON_DEMAND_LOGO", "LOGO", "old.png"],
    ]
    assert plan.short_by == 5


def test_what_cannot_fit_costs_nobody_anything() -> None:
    plan = plan_eviction(
        room=3,
        newcomers=[newcomer(Worth.LOGO, size=14, key="huge"), newcomer(Worth.LOGO, size=4, key="small")],
        replaced=[],
        logos=[logo(Worth.LOGO, key="a"), logo(Worth.LOGO, key="b")],
    )
    assert taken(plan) == ["a"]
    assert plan.refused == {"huge"}


def test_of_several_newcomers_those_find_room_that_are_worth_most() -> None:
    plan = plan_eviction(
        room=5,
        newcomers=[newcomer(worth, key=worth.name) for worth in ENTRIES],
        replaced=[],
        logos=[],
    )
    assert plan.refused == {worth.name for worth in ENTRIES} - {"LOGO"}


def test_no_more_of_the_entries_is_read_than_is_needed() -> None:
    read = []

    def entries() -> Iterator[StoredLogo]:
        for number in range(9):
            read.append(number)
            yield logo(Worth.LOGO, key=f"stored{number}")

    plan_eviction(room=0, newcomers=[newcomer(Worth.LOGO, size=8)], replaced=[], logos=entries())
    assert read == [0, 1]


sizes = st.integers(1, 100)
stored = st.lists(st.tuples(st.sampled_from(ENTRIES), sizes), max_size=12)
new = st.lists(st.tuples(st.sampled_from(ENTRIES), sizes), max_size=6)


@given(room=st.integers(-300, 300), old_sizes=st.lists(sizes, max_size=5), stored=stored, new=new)
def test_the_limit_holds_and_nobody_goes_for_nothing(
    room: int, old_sizes: list[int], stored: list[tuple[Worth, int]], new: list[tuple[Worth, int]]
) -> None:
    logos = [logo(worth, f"stored{number}", size) for number, (worth, size) in enumerate(sorted(stored))]
    old = [replaced(f"{number}.png", size) for number, size in enumerate(old_sizes)]
    newcomers = [newcomer(worth, size, f"new{number}") for number, (worth, size) in enumerate(new)]
    plan = plan_eviction(room=room, newcomers=newcomers, replaced=old, logos=logos)

    accepted = [item for item in newcomers if item.key not in plan.refused]
    costs = [(Worth.REPLACED, item.size) for item in plan.replaced]
    costs += [(item.worth, item.size) for item in plan.logos]
    freed = sum(size for _, size in costs)
    assert room + freed + plan.short_by >= sum(item.size for item in accepted), "the limit holds"

    if plan.short_by:
        assert len(costs) == len(logos) + len(old), "over the limit only when nothing is left to take"
        assert not accepted
    if room >= 0:
        best = max((item.worth for item in accepted), default=-1)
        assert all(worth <= best for worth, _ in costs), "nobody goes for what is worth less"

    order = sorted([(item.worth, item.key) for item in logos], key=lambda item: item[0])
    gone = [(item.worth, item.key) for item in plan.logos]
    assert gone == order[: len(gone)], "the first ones go, none is passed over"
    assert list(plan.replaced) == old[: len(plan.replaced)]


@given(room=st.integers(0, 100), stored=stored, new=st.lists(sizes, min_size=1, max_size=9))
def test_placeholders_never_cost_a_logo(room: int, stored: list[tuple[Worth, int]], new: list[int]) -> None:
    """However many they are, and whatever their size."""
    logos = [logo(worth, f"stored{number}", size) for number, (worth, size) in enumerate(sorted(stored))]
    newcomers = [newcomer(Worth.PLACEHOLDER, size, f"new{number}") for number, size in enumerate(new)]
    plan = plan_eviction(room=room, newcomers=newcomers, replaced=[replaced()], logos=logos)
    assert all(item.worth <= Worth.PLACEHOLDER for item in plan.logos)
    assert plan.replaced == ()
