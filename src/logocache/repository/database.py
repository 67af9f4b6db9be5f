"""The connections to the database, and its kinds of transaction: many readers, one writer, quick look-ups."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from logocache.errors import DatabaseError, SchemaError
from logocache.repository.engine import LOOKUPS, UNHURRIED, WRITES, Address, make_engine
from logocache.repository.errors import translated
from logocache.repository.sqlite import is_sealed

PATIENCE_SECONDS = 5.0
"""How long a fork waits for transactions. One that takes longer goes on in the parent, as it was."""


@dataclass(frozen=True, slots=True, eq=False)
class _Transaction:
    thread: int
    address: Address


class Forks:
    """Keeps transactions and forks of one process apart. Safe to use from several threads."""

    def __init__(self, *, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._engines: WeakSet[Engine] = WeakSet()
        self._spoilt: set[Address] = set()
        """Databases of SQLite that the parent was at work with when this process was forked."""
        self._reset()

    def close_before(self, engine: Engine) -> None:
        """Have its idle connections closed before each fork."""
        with self._changed:
            self._engines.add(engine)

    @contextmanager
    def held_off(self, address: Address) -> Iterator[None]:
        """While it lasts, a transaction with that database, forks wait; it begins after those under way.

        Raises DatabaseError when the parent of this process was in the midst of one.
        """
        transaction = _Transaction(threading.get_ident(), address)
        with self._changed:
            # Who is in a transaction already is waited for: it must not wait in turn.
            self._changed.wait_for(lambda: not self._forking or self._is_at_work(transaction.thread))
            if address in self._spoilt:
                raise DatabaseError(
                    f"this process was forked in the midst of a transaction with {address}",
                    hint="start it anew, or fork while no other thread uses the cache",
                )
            self._under_way.add(transaction)
        try:
            yield
        finally:
            with self._changed:
                self._under_way.discard(transaction)
                self._changed.notify_all()

    def before(self) -> None:
        """Returns with the lock held, so that in the child no other thread has it."""
        self._changed.acquire()
        self._forking += 1
        me = threading.get_ident()
        self._changed.wait_for(lambda: all(each.thread == me for each in self._under_way), self._patience)
        for engine in self._engines:
            engine.dispose()

    def after_in_parent(self) -> None:
        self._forking -= 1
        self._changed.notify_all()
        self._changed.release()

    def after_in_child(self) -> None:
        self._spoilt.update(each.address for each in self._under_way if each.address.is_sqlite)
        self._reset()

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._forking = 0
        self._under_way: set[_Transaction] = set()

    def _is_at_work(self, thread: int) -> bool:
        return any(each.thread == thread for each in self._under_way)


FORKS = Forks()
os.register_at_fork(
    before=FORKS.before, after_in_parent=FORKS.after_in_parent, after_in_child=FORKS.after_in_child
)

OPENING = "logocache_opening"
"""Where a pool's entry has the number of closings before it was connected."""

_log = logging.getLogger(__name__)


class Database:
    """Hands out transactions. Connects when one is first asked for; safe for use by many threads.

    Everything that goes wrong inside a transaction leaves it as `DatabaseError` or `SchemaError`,
    after a rollback; other exceptions roll back and pass.
    """

    def __init__(self, address: Address, *, lock_wait: float) -> None:
        """A writer waits up to `lock_wait` seconds for its turn."""
        self.address = address
        self.could_not_write = False
        """Whether the last write of this process failed, for whatever reason the database had."""
        self._engine = make_engine(address, lock_wait=lock_wait)
        self._lookups = make_engine(
            address, lock_wait=min(lock_wait, LOOKUPS.statement_seconds), pool=LOOKUPS
        )
        self._is_closed = False
        self._closings = 0
        for engine in (self._engine, self._lookups):
            FORKS.close_before(engine)
            event.listen(engine, "connect", self._connected)
            event.listen(engine, "checkin", self._returned)
        self.reopened = 0
        """How often another SQLite file has taken the place of the one that was in use."""
        self._file: tuple[int, int] | None = None
        self._following = threading.Lock()
        driver = self._engine.dialect.loaded_dbapi
        self._foreign: tuple[type[Exception], ...] = (SQLAlchemyError, driver.Error)

    @property
    def is_sealed(self) -> bool:
        """Whether it can only be read."""
        return self.address.is_sqlite and is_sealed(self.address.path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def look_up(self) -> Iterator[Connection]:
        """As `read`, for what somebody waits for: by connections of its own, and not for long."""
        with self._transaction(self._lookups) as connection:
            yield connection

    @contextmanager
    def write(self, *, unhurried: bool = False, briefly: bool = False) -> Iterator[Connection]:
        """The one writing transaction of all threads, processes and machines; do not nest it.

        Its statements may take as long as they do where it is `unhurried`, and have the time of a
        look-up where it is done `briefly`.
        """
        engine = self._lookups if briefly else self._engine
        writer = engine.execution_options(**{WRITES: True, UNHURRIED: unhurried})
        try:
            with self._transaction(writer) as connection:
                yield connection
        except (DatabaseError, SchemaError):
            self.could_not_write = True
            raise
        self.could_not_write = False

    def start_over(self) -> None:
        """Let a new SQLite file be made where the one that was in use was deleted."""
        with self._following:
            self._file = None
            self._close_connections()

    def close(self) -> None:
        """Close all connections: the idle ones now, the others when their transactions end.

        Whoever uses the database again, a thread that is still at work, has one for each transaction.
        """
        self._is_closed = True
        self._close_connections()

    def _close_connections(self) -> None:
        self._closings += 1
        self._engine.dispose()
        self._lookups.dispose()

    def _connected(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        entry.info[OPENING] = self._closings

    def _returned(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        """`dispose` does not reach what is in use, which comes back to a pool that nobody asks any more."""
        if self._is_closed or entry.info.get(OPENING) != self._closings:
            entry.invalidate()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        self._follow_file()
        with (
            FORKS.held_off(self.address),
            translated(self.address, self._foreign),
            engine.begin() as connection,
        ):
            yield connection

    def _follow_file(self) -> None:
        """Leave a SQLite file that is no more under its name: what is written there, nobody will ever read.

        Raises DatabaseError while there is none in its place.
        """
        if not self.address.is_sqlite:
            return
        found = _file_at(self.address.path)
        with self._following:
            before = self._file
            if before is None or found == before:
                self._file = found
                return
            self._close_connections()
            if found is not None:
                self._file = found
                self.reopened += 1
        if found is None:
            raise DatabaseError(
                f"the database {self.address} was deleted while it was in use",
                hint="bring it back, or run `logocache init`, which makes a new one",
            )
        _log.warning("database.replaced", extra={"database": str(self.address)})


def _file_at(path: Path) -> tuple[int, int] | None:
    """What tells a file from another that is given its name later; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
