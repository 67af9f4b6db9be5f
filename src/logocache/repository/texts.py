"""What texts a column takes. Texts from outside may hold anything that Python can hold."""

import re

UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""Control characters, NUL among them, which PostgreSQL refuses and SQLite takes, and halves of
surrogate pairs, which are no UTF-8."""


def cleaned(text: str, length: int) -> str:
    """`text` as one line of at most `length` characters without anything unstorable."""
    return " ".join(UNSTORABLE.sub(" ", text).split())[:length].rstrip()


def identifier(text: str, length: int) -> str:
    """`text` itself, which names something and so cannot be cut.

    Raises:
        ValueError: it is empty, longer than `length`, or holds something unstorable.
    """
    if not is_identifier(text, length):
        raise ValueError(f"{text[:80]!r} is not a text of 1 to {length} storable characters")
    return text


def is_storable(text: str) -> bool:
    """Whether any row could hold `text`; both databases may be asked for it only if so."""
    return UNSTORABLE.search(text) is None


def is_identifier(text: str, length: int) -> bool:
    return 0 < len(text) <= length and is_storable(text)
