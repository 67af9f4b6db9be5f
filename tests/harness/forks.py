"""Run functions in forked children and return their results."""

import os
import pickle
import select
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

STUCK_SECONDS = 60
"""Seconds after which a child counts as stuck."""


def in_child(work: Callable[[], Result]) -> Result:
    """The result of `work` in a forked child. AssertionError if it raises or does not return."""
    with forked(work) as result:
        return result()


@contextmanager
def forked(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Run `work` in a forked child, which is killed at the end; calling the value waits for its result."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Since 3.12 Python warns about forks with threads, which are what we test.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        _send_result(work, writer)
    os.close(writer)
    try:
        yield lambda: _receive_result(reader)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)  # not waited for yet, so the process ID is still its own
        os.waitpid(child, 0)


def _send_result(work: Callable[[], object], writer: int) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(STUCK_SECONDS)  # so that it does not outlive a parent that was killed
    try:
        try:
            message = pickle.dumps((None, work()))
        except BaseException:  # noqa: BLE001  # the parent reports it
            message = pickle.dumps((traceback.format_exc(), None))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(message)
    finally:
        os._exit(0)


def _receive_result(reader: int) -> Result:  # type: ignore[type-var]  # pickle has no types
    message = bytearray()
    while select.select([reader], [], [], STUCK_SECONDS)[0]:
        chunk = os.read(reader, 65_536)
        if not chunk:
            break
        message += chunk
    assert message, "the child was stuck, or died"
    failure, result = pickle.loads(message)
    assert failure is None, failure
    return result  # type: ignore[no-any-return]  # see above


def open_files() -> set[tuple[int, int]]:
    """Device and inode of all files that this process has open."""
    found = set()
    for descriptor in Path("/dev/fd").iterdir():
        try:
            status = os.fstat(int(descriptor.name))
        except OSError:  # the descriptor of the listing itself
            continue
        found.add((status.st_dev, status.st_ino))
    return found
