"""Pure: values in words, as our pages show them."""

from datetime import datetime, timedelta

AGE_UNITS = (
    ("year", timedelta(days=365)),
    ("month", timedelta(days=30)),
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)


ACRONYMS = frozenset({"ai", "crm", "erp", "hr"})
"""Categories that people write in capitals."""


def relative(moment: datetime, *, now: datetime) -> str:
    """`3 days ago`, `in 4 hours`; `just now` within the minute before, `soon` within the one after."""
    if moment <= now:
        past = _length(now - moment)
        return f"{past} ago" if past else "just now"
    coming = _length(moment - now)
    return f"in {coming}" if coming else "soon"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 logo`, `2,000 logos`, `3 entries`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def label(name: str) -> str:
    """A word of ours as people write it: `on-demand`, `open_licence` → `On demand`, `Open licence`."""
    if name in ACRONYMS:
        return name.upper()
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def sentence(text: str) -> str:
    """With a capital letter and a full stop, unless it ends with a mark of its own."""
    stop = "" if text.endswith((".", "!", "?")) else "."
    return text[:1].upper() + text[1:] + stop


def _length(length: timedelta) -> str:
    """In its largest unit; empty below a minute."""
    for name, unit in AGE_UNITS:
        if length >= unit:
            return count(length // unit, name)
    return ""
