"""Database connections and transactions: many readers, one writer, quick look-ups."""

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
from logocache.repository.engine import LOOKUPS, UNHURRIED, WRITES, Address, make_engine, translated
from logocache.repository.sqlite import is_sealed

PATIENCE_SECONDS = 5.0
"""A fork waits so long for transactions; longer ones continue in the parent."""


@dataclass(frozen=True, slots=True, eq=False)
class _Transaction:
    thread: int
    address: Address


class Forks:
    """Keeps forks out of this process's transactions. Safe to use from several threads."""

    def __init__(self, *, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._engines: WeakSet[Engine] = WeakSet()
        self._spoilt: set[Address] = set()
        """SQLite databases with a transaction of the parent at the time of the fork."""
        self._reset()

    def close_before(self, engine: Engine) -> None:
        """Close its idle connections before each fork."""
        with self._changed:
            self._engines.add(engine)

    @contextmanager
    def held_off(self, address: Address) -> Iterator[None]:
        """Hold off forks during a transaction; waits for a running fork first.

        Raises DatabaseError if this process was forked during a transaction with that database.
        """
        transaction = _Transaction(threading.get_ident(), address)
        with self._changed:
            # A fork waits for threads that are in a transaction: these must not wait for the fork.
            self._changed.wait_for(lambda: not self._forking or self._is_in_transaction(transaction.thread))
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
        """Wait for transactions. Returns with the lock held, so that no other thread has it in the child."""
        self._changed.acquire()
        self._forking += 1
        me = threading.get_ident()
        self._changed.wait_for(
            lambda: all(transaction.thread == me for transaction in self._under_way), self._patience
        )
        for engine in self._engines:
            engine.dispose()

    def after_in_parent(self) -> None:
        self._forking -= 1
        self._changed.notify_all()
        self._changed.release()

    def after_in_child(self) -> None:
        under_way = {transaction.address for transaction in self._under_way}
        self._spoilt.update(address for address in under_way if address.is_sqlite)
        self._reset()

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._forking = 0
        self._under_way: set[_Transaction] = set()

    def _is_in_transaction(self, thread: int) -> bool:
        return any(transaction.thread == thread for transaction in self._under_way)


FORKS = Forks()
os.register_at_fork(
    before=FORKS.before, after_in_parent=FORKS.after_in_parent, after_in_child=FORKS.after_in_child
)

OPENING = "logocache_opening"
"""Key in a pool entry's info for the number of closings before it was connected."""

_log = logging.getLogger(__name__)


class Database:
    """Provides transactions. Connects on first use. Safe to use from several threads.

    Database failures inside a transaction are raised as `DatabaseError` or `SchemaError`. Every exception
    rolls back.
    """

    def __init__(self, address: Address, *, lock_wait: float) -> None:
        """A writer waits up to `lock_wait` seconds for its turn."""
        self.address = address
        self.could_not_write = False
        """True if the last write of this process failed because of the database."""
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
        """Number of times that another SQLite file has replaced the one in use."""
        self._file: tuple[int, int] | None = None
        self._following = threading.Lock()
        driver = self._engine.dialect.loaded_dbapi
        self._foreign: tuple[type[Exception], ...] = (SQLAlchemyError, driver.Error)

    @property
    def is_sealed(self) -> bool:
        """True if it is a SQLite file that can only be read."""
        return self.address.is_sqlite and is_sealed(self.address.path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def look_up(self) -> Iterator[Connection]:
        """As `read`, with its own connections and a short time limit, for callers who wait."""
        with self._transaction(self._lookups) as connection:
            yield connection

    @contextmanager
    def write(self, *, unhurried: bool = False, briefly: bool = False) -> Iterator[Connection]:
        """The exclusive write transaction of all threads, processes and machines; do not nest it.

        Statements have no time limit if `unhurried`, and that of a look-up if `briefly`.
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
        """Allow a new SQLite file to be created in place of a deleted one."""
        with self._following:
            self._file = None
            self._close_connections()

    def close(self) -> None:
        """Close all connections: idle ones now, others when their transactions end.

        A thread that still uses the database gets a new connection for each transaction.
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
        """Close connections that were in use at the last `dispose`, and return to an abandoned pool."""
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
        """Close connections to a SQLite file that was deleted or replaced: writes to it would be lost.

        Raises DatabaseError while there is no file under its name.
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
    """Identity of the file at `path` (device, inode); None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
