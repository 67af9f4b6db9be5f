"""Preconditions of a GET or HEAD (RFC 9110 13): what the client has already. Pure."""

import re
from enum import Enum, auto

ENTITY_TAG = re.compile(r'(?P<weak>W/)?(?P<tag>"[\x21\x23-\x7e\x80-\xff]*")')
"""RFC 9110 8.8.3. A comma may stand inside the quotes."""
SEPARATOR = re.compile(r"[ \t]*(?:,[ \t]*)+|[ \t]*$")
"""Empty elements of a list are allowed (RFC 9110 5.6.1)."""


class Precondition(Enum):
    PROCEED = auto()
    NOT_MODIFIED = auto()
    """Answer 304."""
    FAILED = auto()
    """Answer 412."""


def evaluate(etag: str, *, if_match: str | None, if_none_match: str | None) -> Precondition:
    """What a representation with this strong `etag` is to be answered with (RFC 9110 13.2.2).

    A field that cannot be read counts as absent.
    """
    wanted = parse(if_match) if if_match is not None else None
    if wanted is not None and not matches_strongly(etag, wanted):
        return Precondition.FAILED
    held = parse(if_none_match) if if_none_match is not None else None
    if held is not None and matches_weakly(etag, held):
        return Precondition.NOT_MODIFIED
    return Precondition.PROCEED


def parse(field: str) -> tuple[str, ...] | None:
    """The entity tags in a field, weak ones with their `W/`; `("*",)` for any; None when malformed."""
    text = field.strip(" \t,")
    if text == "*":
        return ("*",)
    tags = []
    position = 0
    while position < len(text):
        found = ENTITY_TAG.match(text, position)
        gap = SEPARATOR.match(text, found.end()) if found is not None else None
        if found is None or gap is None:
            return None
        tags.append(found.group())
        position = gap.end()
    return tuple(tags) or None


def matches_strongly(etag: str, tags: tuple[str, ...]) -> bool:
    """Strong comparison (RFC 9110 8.8.3.2): a weak tag equals nothing."""
    return tags == ("*",) or etag in tags


def matches_weakly(etag: str, tags: tuple[str, ...]) -> bool:
    """Weak comparison: as strong, but `W/` does not count."""
    return tags == ("*",) or etag in {tag.removeprefix("W/") for tag in tags}
