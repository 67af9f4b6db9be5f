"""What has to go when there is no room."""

from hypothesis import given
from hypothesis import strategies as st

from logocache.policy.retention import plan_eviction
from logocache.ports.repository import ReplacedFile
from makers import NOW, make_cached, make_file


def replaced(name: str, size: int) -> ReplacedFile:
    return ReplacedFile(name=name, key="a", size=size, sha256="0" * 64, delete_after=NOW)


sizes = st.lists(st.integers(1, 1000), max_size=20)


def test_nothing_goes_while_there_is_room() -> None:
    plan = plan_eviction(excess=0, replaced=[replaced("old", 5)], logos=[make_cached()])
    assert (plan.replaced, plan.logos, plan.short_by) == ((), (), 0)


def test_replaced_files_go_before_logos() -> None:
    plan = plan_eviction(excess=5, replaced=[replaced("old", 5)], logos=[make_cached()])
    assert [each.name for each in plan.replaced] == ["old"]
    assert plan.logos == ()


@given(excess=st.integers(1, 10_000), old_sizes=sizes, logo_sizes=sizes)
def test_a_plan_frees_enough_but_nothing_needless(
    excess: int, old_sizes: list[int], logo_sizes: list[int]
) -> None:
    old = [replaced(f"{number}.png", size) for number, size in enumerate(old_sizes)]
    logos = [make_cached(f"key{number}", file=make_file(size=size)) for number, size in enumerate(logo_sizes)]
    plan = plan_eviction(excess=excess, replaced=old, logos=logos)
    taken = [each.size for each in plan.replaced] + [each.file.size for each in plan.logos if each.file]
    assert sum(taken) + plan.short_by >= excess
    assert sum(taken[:-1]) < excess, "the last one taken was needed"
    if plan.short_by:
        assert len(taken) == len(old) + len(logos), "short only when everything goes"
