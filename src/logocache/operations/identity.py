"""Identity of a cache: directory and database hold the same one, and are only used together.

Otherwise a wrong disk or a missing volume would look like a cache that has lost all of its files, and
good logos would be replaced.
"""

import logging
import uuid
from dataclasses import dataclass
from enum import Enum, auto

from logocache.errors import DatabaseError, DirectoryError, LogoCacheError, SchemaError
from logocache.ports import Clock
from logocache.repository import Repository
from logocache.repository.filters import RecordFilter
from logocache.repository.unit_of_work import UnitOfWork
from logocache.store.files import FileStore


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


ADOPT = (
    "mount the right volume, or name the right database; or run `logocache init --adopt` to take this"
    " directory for the cache: files that are missing are then fetched again"
)

_log = logging.getLogger(__name__)


class Identity:
    """Identity of one cache. Safe to use from several threads."""

    def __init__(self, repository: Repository, store: FileStore, clock: Clock, *, is_inside: bool) -> None:
        """`is_inside`: the database is a file in the directory."""
        self._repository = repository
        self._store = store
        self._clock = clock
        self._is_inside = is_inside
        self._known: str | None = None
        """The database's identity, once read. Adopting another directory changes it."""

    def require_init(self) -> None:
        """Raise DirectoryError, DatabaseError or SchemaError unless `init` has prepared both places."""
        self._store.require()
        self._repository.check_schema()
        self.check()

    def look(self) -> None:
        """As `require_init`, for reading: an existing directory that cannot be used is only logged."""
        problem: LogoCacheError | None = None
        try:
            self._store.require()
        except DirectoryError as error:
            if not self._store.directory.is_dir():
                raise
            problem = error
        try:
            self._repository.check_schema()
        except (DatabaseError, SchemaError) as error:
            raise problem or error from error
        problem = problem or self.problem()
        if problem is not None:
            _log.warning("directory.unusable", extra={"problem": str(problem)})

    def establish(self, *, adopt: bool) -> None:
        """Give directory and database one identity, unless they have one. Called by `init`.

        A directory that is not evidently the database's own is only accepted with `adopt`: then entries
        whose files are missing become due, and keep their facts. Adopting changes the identity, so the
        earlier directory, and processes that use it, are refused.

        Raises:
            DirectoryError: the directory belongs to another cache, or lacks the files of this one.
            DatabaseError: the database cannot be used.
        """
        with self._repository.unit() as unit:
            pair = self._compared(unit.identity())
            verdict = judge(pair)
            if verdict is Verdict.SAME:
                self._known = pair.database
                return
            if verdict is Verdict.FOREIGN and not adopt:
                raise self._foreign_directory(pair)
            # The directory's own identity if its database was lost: a backup may restore that.
            own = pair.directory if verdict is Verdict.FRESH else None
            known = pair.database if verdict is Verdict.FRESH else None
            identity = known or own or str(uuid.uuid4())
            if identity != pair.database:
                unit.set_identity(identity, now=self._clock())
            if verdict is Verdict.FOREIGN:
                self._expect_missing(unit)
                # Before the commit, so that of two concurrent adoptions the second finds it done. If
                # the commit fails, the directory has to be adopted again.
                self._store.set_identity(identity, replace=True)
        # After the commit: a directory never has an identity that its database does not know.
        if verdict is Verdict.FRESH and not self._store.set_identity(identity, replace=False):
            self.check()  # another `init` was quicker, for this cache or another
        self._known = identity
        if verdict is Verdict.FOREIGN:
            _log.warning(
                "directory.adopted",
                extra={"directory": str(self._store.directory), "missing": pair.named - pair.present},
            )

    def require(self) -> None:
        """As `check`, without reading the database again: for single entries."""
        if self._known is None or self._store.identity() != self._known:
            self.check()

    def confirm(self, unit: UnitOfWork) -> None:
        """Raise DirectoryError if another directory was adopted since. Call it before `unit` writes."""
        if self._known is not None and unit.identity() != self._known:
            self._known = None
            raise DirectoryError(
                f"{self._store.directory} is not the directory of this cache any more", hint=ADOPT
            )

    def check(self) -> None:
        """Raise DirectoryError unless the two are, or may become, one cache. Raises DatabaseError."""
        pair = self._compared(self._repository.identity())
        verdict = judge(pair)
        if verdict is Verdict.FOREIGN:
            raise self._foreign_directory(pair)
        if verdict is Verdict.SAME:
            self._known = pair.database

    def problem(self) -> LogoCacheError | None:
        """Return the error that `check` raises, as far as it is known without a working database."""
        try:
            self.check()
        except DirectoryError as error:
            return error
        except (DatabaseError, SchemaError):
            return self.problem_without_database()
        return None

    def problem_without_database(self) -> DirectoryError | None:
        """Compare the directory with the identity read before; does not wait for the database."""
        try:
            directory = self._store.identity()
        except DirectoryError as error:
            return error
        if self._known is None or directory == self._known:
            return None
        return DirectoryError(f"{self._store.directory} is not the directory of this cache", hint=ADOPT)

    def _compared(self, database: str | None) -> Pair:
        """Compare the identities; the files, which may be a million, only if these do not agree."""
        pair = Pair(database=database, directory=self._store.identity())
        if database is not None and judge(pair) is Verdict.SAME:
            return pair
        return self._pair(database)

    def _pair(self, database: str | None) -> Pair:
        present = {found.name for found in self._store.files()}
        named = here = 0
        for page in self._repository.pages(RecordFilter(has_file=True)):
            named += len(page)
            here += sum(record.file is not None and record.file.name in present for record in page)
        directory = self._store.identity()
        return Pair(
            database=database, directory=directory, named=named, present=here, is_inside=self._is_inside
        )

    def _expect_missing(self, unit: UnitOfWork) -> None:
        present = {found.name for found in self._store.files()}
        now = self._clock()
        for page in self._repository.pages(RecordFilter(has_file=True)):
            missing = [record for record in page if record.file and record.file.name not in present]
            unit.make_due(missing, now=now)

    def _foreign_directory(self, pair: Pair) -> DirectoryError:
        directory = self._store.directory
        if pair.directory is None:
            what = f"{pair.named - pair.present} of the {pair.named} files of its entries are not there"
            return DirectoryError(f"{directory} is not the directory of this cache ({what})", hint=ADOPT)
        whose = "that of another cache" if pair.database else "that of another database"
        return DirectoryError(f"{directory} is not the directory of this cache, but {whose}", hint=ADOPT)
