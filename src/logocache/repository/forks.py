"""What a fork finds: no transaction under way, and no connection open.

SQLite keeps what it holds of a file's locks in memory. A child inherits that memory without the locks:
what it opens afterwards works unlocked beside other processes, and it may not even close what it has
(https://www.sqlite.org/howtocorrupt.html, 2.6). So before a fork the parent lets transactions end,
lets none begin, and closes the connections that are idle; parent and child then open new ones.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakSet

from sqlalchemy import Engine

from logocache.errors import DatabaseError
from logocache.repository.address import Address

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
