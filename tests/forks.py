"""Real forks, whose children tell what they saw."""

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
    """What `work` returns in a forked child. Fails when it raises there, or does not return."""
    with forked(work) as result:
        return result()


@contextmanager
def forked(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """While it lasts a child is at `work`; the call waits for its result, as `in_child`."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # From 3.12 on Python warns of forks among threads: what comes of them is what we test.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        _tell(work, writer)
    os.close(writer)
    try:
        yield lambda: _told(reader)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)  # not waited for yet: the number is still its own
        os.waitpid(child, 0)


def _tell(work: Callable[[], object], writer: int) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(STUCK_SECONDS)  # so that it does not outlive a parent that was killed
    try:
        try:
            told = pickle.dumps((None, work()))
        except BaseException:  # noqa: BLE001  # whatever it is, the parent says it
            told = pickle.dumps((traceback.format_exc(), None))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(told)
    finally:
        os._exit(0)


def _told(reader: int) -> Result:  # type: ignore[type-var]  # pickle does not say what it brings
    told = bytearray()
    while select.select([reader], [], [], STUCK_SECONDS)[0]:
        chunk = os.read(reader, 65_536)
        if not chunk:
            break
        told += chunk
    assert told, "the child was stuck, or died"
    failure, result = pickle.loads(told)
    assert failure is None, failure
    return result  # type: ignore[no-any-return]  # see above


def open_files() -> set[tuple[int, int]]:
    """Device and inode of all that this process has open."""
    found = set()
    for descriptor in Path("/dev/fd").iterdir():
        try:
            status = os.fstat(int(descriptor.name))
        except OSError:  # what listed the folder
            continue
        found.add((status.st_dev, status.st_ino))
    return found
