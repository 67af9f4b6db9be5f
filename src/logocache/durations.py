"""Pure: lengths of time as people type them (`30`, `12h`, `30d`, `4w`)."""

import re
from datetime import timedelta

from logocache.errors import SelectionError

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
LONGEST = timedelta(days=36500)


def parse_duration(text: str) -> timedelta:
    """A bare number is days; `h`, `d` and `w` are hours, days and weeks. From 0 to 100 years.

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
