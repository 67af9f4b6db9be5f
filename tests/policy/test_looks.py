"""When two pictures look the same."""

import pytest

from logocache.policy.looks import DIGITS, MOST_OF_COPIES, PATTERN, SIDE, difference, is_copy, samples_of

LENGTH = 3 * SIDE * SIDE
BLACK, WHITE = samples_of("0" * LENGTH), samples_of("/" * LENGTH)


def look_beside(difference: int) -> str:
    """A look that differs from black by this much."""
    full, rest = divmod(difference, 63)
    return "/" * full + DIGITS[rest] + "0" * (LENGTH - full - 1)


@pytest.mark.parametrize("text", ["", "0" * LENGTH, DIGITS * 3], ids=["none", "black", "all levels"])
def test_a_look_has_a_form(text: str) -> None:
    assert PATTERN.fullmatch(text)


@pytest.mark.parametrize("text", ["0", "0" * (LENGTH + 1), "-" * LENGTH, "0" * LENGTH + "\n"])
def test_other_texts_are_no_looks(text: str) -> None:
    assert not PATTERN.fullmatch(text)


def test_copies_differ_by_little() -> None:
    near, far = (samples_of(look_beside(MOST_OF_COPIES + more)) for more in (0, 1))
    assert is_copy(BLACK, near)
    assert is_copy(near, BLACK)
    assert not is_copy(BLACK, far)
    assert difference(BLACK, WHITE) == 63 * LENGTH


def test_pictures_of_equal_brightness_may_differ() -> None:
    left, right = samples_of("/" * 96 + "0" * 96), samples_of("0" * 96 + "/" * 96)
    assert not is_copy(left, right)


def test_nothing_is_a_copy_of_an_unknown_look() -> None:
    assert not is_copy((), ())
    assert not is_copy((), BLACK)
