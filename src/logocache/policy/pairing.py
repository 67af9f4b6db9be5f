"""Whether a directory and a database are those of one cache."""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What a database and a directory say of themselves and of each other."""

    database: str | None
    """The identity in the database; None before its first `init`."""
    directory: str | None
    """The identity in the directory; None where there is none."""
    named: int = 0
    """Files that entries of the database name."""
    present: int = 0
    """Those of them that are in the directory."""
    is_inside: bool = False
    """The database lies in the directory itself."""


class Verdict(Enum):
    SAME = auto()
    """One cache."""
    FRESH = auto()
    """They may become one: nothing can be lost."""
    STRANGE = auto()
    """Using one with the other could cost logos. A person has to say that it is meant."""


def judge(pair: Pair) -> Verdict:
    """What may be done with the two.

    A directory without an identity is this database's own when at least half of the files that it
    names are there: so it is with caches from before identities, and with restored copies without
    hidden files. A new database inside a directory takes the place of one that was lost; one outside
    may be the wrong one.
    """
    if pair.directory is None:
        return Verdict.FRESH if 2 * pair.present >= pair.named else Verdict.STRANGE
    if pair.database == pair.directory:
        return Verdict.SAME
    is_lost = pair.database is None and pair.named == 0 and pair.is_inside
    return Verdict.FRESH if is_lost else Verdict.STRANGE
