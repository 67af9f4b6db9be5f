"""Pure: values in words, for people."""

from collections.abc import Sequence
from datetime import datetime, timedelta

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

AGE_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def clean(text: str) -> str:
    """One line that cannot steer a terminal.

    White space becomes a space; control, direction-changing and other invisible characters, and the
    undecodable bytes of a file name, become U+FFFD.
    """
    return "".join(
        character if character.isprintable() else " " if character.isspace() else REPLACEMENT
        for character in text
    )


def age(moment: datetime | None, *, now: datetime) -> str:
    """How long ago, in its largest unit: `3 days`. `never` without a moment."""
    return "never" if moment is None else duration(now - moment)


def until(moment: datetime, *, now: datetime) -> str:
    """How long from now: `in 3 days`, or `now` when that moment has come."""
    return "now" if moment <= now else f"in {duration(moment - now)}"


def duration(length: timedelta) -> str:
    for name, unit in AGE_UNITS:
        if length >= unit:
            return count(length // unit, name)
    return count(max(0, int(length.total_seconds())), "second")


def seconds(length: float) -> str:
    return f"{length:.1f} s"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 logo`, `2 logos`, `3 entries`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def percent(value: float) -> str:
    return f"{value:.1f} %"


def some(names: Sequence[str], *, most: int) -> str:
    """The names, of which at most `most` are spelled out: `a, b, and 7 more`."""
    rest = len(names) - most
    return ", ".join((*names[:most], f"and {rest} more") if rest > 0 else names)
