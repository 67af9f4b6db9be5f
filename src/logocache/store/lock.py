"""One holder at a time among all threads and processes of a machine."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

PAUSE_SECONDS = 0.005


@contextmanager
def locked(name: str, folder: int, *, seconds: float) -> Iterator[None]:
    """Hold the lock of the file `name` in the open `folder`; it is made and never deleted.

    The lock ends with its process.

    Each call opens the file anew, so that flock(2) keeps threads apart too.

    Raises:
        TimeoutError: another has held it for all of `seconds`.
        OSError: the file cannot be made, or its file system has no locks.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        _acquire(descriptor, time.monotonic() + seconds)
        try:
            yield
        finally:
            # Closing is not enough: a child that was forked meanwhile has the descriptor, too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise TimeoutError("another process holds the lock") from error
            time.sleep(PAUSE_SECONDS)
        else:
            return
