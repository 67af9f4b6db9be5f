"""Format values for people, and parse durations. Pure."""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from logocache.errors import SelectionError

STEP = 1000
SIZE_UNITS = ("kB", "MB", "GB", "TB")
"""Powers of 1000, as in LOGO_CACHE_MAX_SIZE_MB."""
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
LONGEST = timedelta(days=36500)
AGE_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
RELATIVE_UNITS = (("year", timedelta(days=365)), ("month", timedelta(days=30)), *AGE_UNITS)
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
PLAIN = re.compile(r"""[^\s="]+""")
"""A printable logfmt value that needs no quotes."""
ACRONYMS = frozenset({"ai", "crm", "erp", "hr"})
"""Categories written in capitals."""


def size(amount: float) -> str:
    """Bytes in the unit with one to three digits before the point: `1.2 MB`."""
    unit = "B"
    for larger in SIZE_UNITS:
        if round(amount, 1) < STEP:
            break
        amount, unit = amount / STEP, larger
    return f"{amount:.1f} {unit}".replace(".0 ", " ")


def parse_duration(text: str) -> timedelta:
    """The duration, 0 to 100 years: a bare number is days; `h`, `d` and `w` are hours, days and weeks.

    Raises:
        SelectionError: for anything else.
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)([hdw]?)", text.strip().lower(), re.ASCII)
    if found is None:
        raise SelectionError(f"{text[:40]!r} is not a length of time", hint="write 30 (days), 12h, 30d or 4w")
    amount, unit = found.groups()
    length = min(float(amount), 1e7) * UNITS[unit or "d"]
    if length > LONGEST:
        raise SelectionError(
            f"{text[:40]!r} is longer than 100 years", hint="write 30 (days), 12h, 30d or 4w"
        )
    return length


def logfmt_value(text: str) -> str:
    """The value of a field of a log line, quoted if anything in it could end it or control a terminal."""
    return text if text.isprintable() and PLAIN.fullmatch(text) else quoted(text)


def quoted(text: str) -> str:
    """`text` in double quotes; characters that are not printable as JSON escapes."""
    return "".join(
        character if character.isprintable() else json.dumps(character)[1:-1]
        for character in json.dumps(text, ensure_ascii=False)
    )


def clean(text: str) -> str:
    """`text` as one line without control sequences.

    White space becomes a space; control, direction-changing and other invisible characters, and the
    undecodable bytes of a file name, become U+FFFD.
    """
    return "".join(
        character if character.isprintable() else " " if character.isspace() else REPLACEMENT
        for character in text
    )


def age(moment: datetime | None, *, now: datetime) -> str:
    """Time since `moment` in its largest unit, such as `3 days`; `never` for None."""
    return "never" if moment is None else duration(now - moment)


def until(moment: datetime, *, now: datetime) -> str:
    """Time until `moment`, such as `in 3 days`; `now` if it has passed."""
    return "now" if moment <= now else f"in {duration(moment - now)}"


def duration(length: timedelta) -> str:
    found = _largest_unit(length, AGE_UNITS)
    return count(*found) if found else count(max(0, int(length.total_seconds())), "second")


def seconds(length: float) -> str:
    return f"{length:.1f} s"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 logo`, `2 logos`, `3 entries`."""
    return f"{number} {_form(number, noun, plural)}"


def percent(value: float) -> str:
    return f"{value:.1f} %"


def some(names: Sequence[str], *, most: int) -> str:
    """The first `most` names and the number of the others: `a, b, and 7 more`."""
    rest = len(names) - most
    return ", ".join((*names[:most], f"and {rest} more") if rest > 0 else names)


def relative(moment: datetime, *, now: datetime) -> str:
    """`3 days ago`, `in 4 hours`; `just now` within the minute before, `soon` within the one after."""
    if moment <= now:
        past = _length(now - moment)
        return f"{past} ago" if past else "just now"
    coming = _length(moment - now)
    return f"in {coming}" if coming else "soon"


def grouped_count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 logo`, `2,000 logos`, `3 entries`."""
    return f"{number:,} {_form(number, noun, plural)}"


def label(name: str) -> str:
    """An identifier as a label: `on-demand` becomes `On demand`, `open_licence` `Open licence`."""
    if name in ACRONYMS:
        return name.upper()
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def sentence(text: str) -> str:
    """`text` with a capital letter and a full stop, unless it ends with a punctuation mark."""
    stop = "" if text.endswith((".", "!", "?")) else "."
    return text[:1].upper() + text[1:] + stop


def _length(length: timedelta) -> str:
    """A duration in its largest unit; empty below a minute."""
    found = _largest_unit(length, RELATIVE_UNITS)
    return grouped_count(*found) if found else ""


def _largest_unit(length: timedelta, units: Sequence[tuple[str, timedelta]]) -> tuple[int, str] | None:
    """The number and name of the first unit, the largest, that `length` reaches; None if there is none."""
    return next(((length // unit, name) for name, unit in units if length >= unit), None)


def _form(number: int, noun: str, plural: str | None) -> str:
    return noun if number == 1 else plural or f"{noun}s"
