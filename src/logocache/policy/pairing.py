"""Rules of identity: do a directory and a database belong to the same cache?"""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Identities of a database and a directory, and the files they share."""

    database: str | None
    """Identity in the database; None before its first `init`."""
    directory: str | None
    """Identity in the directory; None if there is none."""
    named: int = 0
    """Number of files that the database's entries name."""
    present: int = 0
    """Number of those that are in the directory."""
    is_inside: bool = False
    """True if the database is a file in the directory."""


class Verdict(Enum):
    SAME = auto()
    """One cache."""
    FRESH = auto()
    """They may become one: nothing can be lost."""
    FOREIGN = auto()
    """Using them together could lose logos: the operator has to confirm it (`init --adopt`)."""


def judge(pair: Pair) -> Verdict:
    """Decide if the two may be used together.

    A directory without an identity belongs to the database if it holds at least half of the files that
    the database names: caches older than identities and backups without hidden files look so. A new
    database inside a directory replaces a lost one; a new one outside may be the wrong one.
    """
    if pair.directory is None:
        return Verdict.FRESH if 2 * pair.present >= pair.named else Verdict.FOREIGN
    if pair.database == pair.directory:
        return Verdict.SAME
    is_lost = pair.database is None and pair.named == 0 and pair.is_inside
    return Verdict.FRESH if is_lost else Verdict.FOREIGN
