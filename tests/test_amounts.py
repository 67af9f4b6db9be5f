"""Sizes in words."""

import pytest

from logocache.humanize import size


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        pytest.param(0, "0 B", id="nothing"),
        pytest.param(999, "999 B", id="below the first step"),
        pytest.param(1000, "1 kB", id="a step is 1000, not 1024"),
        pytest.param(12_345, "12.3 kB", id="one digit after the point"),
        pytest.param(999_949, "999.9 kB", id="just below a step"),
        pytest.param(999_950, "1 MB", id="rounding reaches the next unit"),
        pytest.param(500_000_000, "500 MB", id="the default limit"),
        pytest.param(5 * 10**15, "5000 TB", id="beyond the last unit"),
    ],
)
def test_sizes_are_in_powers_of_1000(amount: int, words: str) -> None:
    assert size(amount) == words
