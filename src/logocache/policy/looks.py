"""The look of a picture: its colours on a coarse grid, nearly the same for copies of other sizes."""

import operator
import re

SIDE = 8
"""Cells of the grid in each direction."""
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"
"""One for each level of a sample, dark to light; a cell has three: red, green and blue."""
PATTERN = re.compile(f"(?:[{re.escape(DIGITS)}]{{{3 * SIDE * SIDE}}})?")
"""A look, or none."""

MOST_OF_COPIES = 360
"""Sum of the differences up to which looks are those of copies. Other owners' marks differ by 600 or more."""

Samples = tuple[int, ...]

_LEVELS = {digit: level for level, digit in enumerate(DIGITS)}


def samples_of(look: str) -> Samples:
    return tuple(_LEVELS[digit] for digit in look)


def is_copy(samples: Samples, others: Samples) -> bool:
    """True if two pictures look the same but for what scaling and compression do. False without a look."""
    if len(samples) != len(others) or not samples:
        return False
    least = abs(sum(samples) - sum(others))  # soon found, and mostly enough
    return least <= MOST_OF_COPIES and difference(samples, others) <= MOST_OF_COPIES


def difference(samples: Samples, others: Samples) -> int:
    """The sum of the differences of all samples."""
    return sum(map(abs, map(operator.sub, samples, others)))
