"""Digests of many files, computed by several processes. Also the program of these processes.

As a program it reads one line for each batch, a JSON array of [name, size, SHA-256], and answers with
the positions of the files that differ. It is started without site packages, so it imports nothing else.
"""

import hashlib
import json
import os
import select
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, cast

READ_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Do not follow a link, and do not wait for the other end of a FIFO."""
LARGEST_LOGO = 2_000_000
"""Bytes of the largest file that we write (`images.limits.LARGEST_PNG`). Longer files are not read."""
FEW = 2000
"""Files that one process checks in less time than another takes to start."""
AHEAD = 2
"""Batches that a helper holds, so that it never waits for the next."""

Expected = tuple[str, int, str]
"""Name, size and SHA-256 that a file should have."""
Differing = tuple[int, list[int]]
"""Number of a batch, and the positions of its files that differ."""


def differing(directory: Path, files: Sequence[Expected]) -> list[int]:
    """Return the positions of files that are not regular files of that content, or cannot be read.

    Raises OSError if the directory cannot be opened.
    """
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return [at for at, (name, size, sha256) in enumerate(files) if not _is(folder, name, size, sha256)]
    finally:
        os.close(folder)


def _is(folder: int, name: str, size: int, sha256: str) -> bool:
    if size > LARGEST_LOGO:
        return False
    try:
        descriptor = os.open(name, READ_FLAGS, dir_fd=folder)
    except (OSError, ValueError):
        return False
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return False
        # A shorter read, as of a file that is being truncated, is a difference.
        return hashlib.sha256(os.read(descriptor, size)).hexdigest() == sha256
    except OSError:
        return False
    finally:
        os.close(descriptor)


def differing_in_batches(
    directory: Path, batches: Iterable[Sequence[Expected]], *, processors: Callable[[], int]
) -> Iterator[Differing]:
    """Yield the differences of each batch, in any order.

    After the first `FEW` files, other processes help, one for each further processor. What a helper
    does not answer is checked here.
    """
    checked = 0
    helpers: list[Helper] | None = None
    with ExitStack() as stack:
        for number, batch in enumerate(batches):
            if helpers is None and checked >= FEW:
                helpers = _started(directory, processors() - 1, stack)
            checked += len(batch)
            if not any(helper.take(number, batch) for helper in helpers or ()):
                yield number, differing(directory, batch)
            for helper in helpers or ():
                yield from helper.answers(wait=False)
        for helper in helpers or ():
            yield from helper.answers(wait=True)


def _started(directory: Path, count: int, stack: ExitStack) -> "list[Helper]":
    """Up to `count` helpers, which `stack` stops: as many as the system allows."""
    helpers: list[Helper] = []
    with suppress(OSError):
        for _ in range(count):
            helpers.append(Helper(directory))  # those started before an error count
            stack.callback(helpers[-1].stop)
    return helpers


class Helper:
    """A process that checks batches. Used by one thread, until `stop`."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError if it cannot be started."""
        import subprocess  # noqa: PLC0415  # only for large caches; it runs this file

        self._directory = directory
        self._process = subprocess.Popen(  # noqa: S603  # this file
            [sys.executable, "-I", "-S", __file__, os.fspath(directory)],
            bufsize=0,  # a buffer of ours would hide answers from `select`
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._given: deque[tuple[int, Sequence[Expected]]] = deque()

    def stop(self) -> None:
        with self._process:
            self._process.kill()

    def take(self, number: int, batch: Sequence[Expected]) -> bool:
        """Send it a batch; False if it has enough, or has ended."""
        if len(self._given) >= AHEAD:
            return False
        rest = memoryview(json.dumps(batch).encode() + b"\n")
        try:
            while rest:
                rest = rest[self._stdin.write(rest) :]
        except OSError:
            return False
        self._given.append((number, batch))
        return True

    def answers(self, *, wait: bool) -> Iterator[Differing]:
        """Yield the answers that are there, or `wait` for all that are due."""
        while self._given and (wait or select.select([self._stdout], [], [], 0)[0]):
            number, batch = self._given.popleft()
            line = self._stdout.readline()
            # Without a whole line it has ended.
            yield number, json.loads(line) if line.endswith(b"\n") else differing(self._directory, batch)

    @property
    def _stdin(self) -> "IO[bytes]":
        return cast("IO[bytes]", self._process.stdin)

    @property
    def _stdout(self) -> "IO[bytes]":
        return cast("IO[bytes]", self._process.stdout)


def main() -> None:
    """Answer the batches of standard input about the directory of the first argument."""
    directory = Path(sys.argv[1])
    for line in sys.stdin.buffer:
        answer = json.dumps(differing(directory, json.loads(line)))
        sys.stdout.buffer.write(answer.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
