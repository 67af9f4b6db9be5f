"""A directory and a database belong to one cache, or are refused."""

import pytest

from logocache.operations.identity import Pair, Verdict, judge

ONE, OTHER = "one", "other"


@pytest.mark.parametrize(
    ("pair", "verdict"),
    [
        pytest.param(Pair(database=None, directory=None), Verdict.FRESH, id="both new"),
        pytest.param(Pair(database=ONE, directory=ONE, named=9, present=0), Verdict.SAME, id="one cache"),
        pytest.param(Pair(database=ONE, directory=OTHER), Verdict.FOREIGN, id="two caches"),
        pytest.param(Pair(database=ONE, directory=None), Verdict.FRESH, id="no logo yet, nothing to lose"),
        pytest.param(Pair(database=ONE, directory=None, named=9), Verdict.FOREIGN, id="an empty disk"),
        pytest.param(
            Pair(database=None, directory=None, named=9), Verdict.FOREIGN, id="old cache, empty disk"
        ),
        pytest.param(
            Pair(database=None, directory=None, named=9, present=9), Verdict.FRESH, id="an old cache"
        ),
        pytest.param(
            Pair(database=ONE, directory=None, named=10, present=5), Verdict.FRESH, id="restored, half of it"
        ),
        pytest.param(Pair(database=ONE, directory=None, named=10, present=4), Verdict.FOREIGN, id="less"),
        pytest.param(
            Pair(database=None, directory=ONE, is_inside=True), Verdict.FRESH, id="its database was lost"
        ),
        pytest.param(Pair(database=None, directory=ONE), Verdict.FOREIGN, id="another, new database"),
        pytest.param(
            Pair(database=None, directory=ONE, named=9, present=9, is_inside=True),
            Verdict.FOREIGN,
            id="an older database in a newer directory",
        ),
    ],
)
def test_each_pair_has_its_verdict(pair: Pair, verdict: Verdict) -> None:
    assert judge(pair) is verdict
