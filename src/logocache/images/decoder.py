"""One decoder process, as seen from the process that started it."""

import errno
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO
from weakref import WeakSet

from logocache.errors import UnavailableError
from logocache.images.errors import LARGEST_PNG, LARGEST_SVG, Limits
from logocache.images.messages import Message, ProtocolError, receive

STARTUP_SECONDS = 30.0
LARGEST_ANSWER = 2 * LARGEST_PNG + LARGEST_SVG
"""Bytes of the forms of a logo."""

_MODULE = "logocache.images.worker"
_CHUNK = 65_536
# All an interpreter needs to find its modules and ours. Other variables may hold secrets.
_ENVIRONMENT = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
_ENVIRONMENT_PREFIXES = ("PYTHON", "LC_", "LD_", "DYLD_")
# Without these glibc (mallopt(3)) gives the memory of each small picture back to the system, which clears it
# for the next: a third of the time of decoding and encoding 128×128 pixels.
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "2097152", "MALLOC_TRIM_THRESHOLD_": "4194304"}

_NO_ROOM = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
_MORE_ROOM = "raise the limits of memory, processes and open files, or lower LOGO_CACHE_CONCURRENCY"


class DecoderError(Exception):
    """A decoder gave no valid answer: it took too long, died, or broke the protocol. Stop it."""


class DecoderTimeoutError(DecoderError):
    """A decoder did not answer in time."""


class Decoder:
    """A running decoder process. Used by one thread at a time; unusable after a `DecoderError`.

    Construction raises `UnavailableError` when the process does not start or is not ready in time.
    The process ends at `stop`, or when this one ends and so closes its input.
    """

    def __init__(self, limits: Limits, *, startup_seconds: float = STARTUP_SECONDS) -> None:
        self._process = _start(limits)
        _DECODERS.add(self)
        self._tasks = _unblocked(self._process.stdin)
        self._answers = _unblocked(self._process.stdout)
        self._received = bytearray()
        try:
            self._receive(_Deadline(startup_seconds))
        except DecoderError as error:
            self.stop()
            raise UnavailableError(
                f"the image decoder did not start ({error})",
                hint=f"to see why, run `{shlex.join(_command(limits))}`",
            ) from error
        except BaseException:
            self.stop()
            raise

    @property
    def is_alive(self) -> bool:
        """False if the process has ended by itself, for example when the machine ran out of memory."""
        return self._process.poll() is None

    def ask(self, task: Message, *, seconds: float) -> Message:
        """The answer to `task`. Raises `DecoderError`, also when it takes longer than `seconds`."""
        deadline = _Deadline(seconds)
        self._send(task.pack(), deadline)
        return self._receive(deadline)

    def stop(self) -> None:
        """Kill the process, which holds no state worth saving. Idempotent."""
        with self._process:
            self._process.kill()

    def close_pipes(self) -> None:
        """Close our ends of the pipes, and leave the process to the parent that started it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, message: bytes, deadline: "_Deadline") -> None:
        rest = memoryview(message)
        while rest:
            try:
                rest = rest[os.write(self._tasks, rest[:_CHUNK]) :]
            except BlockingIOError:  # rarely: an idle decoder's pipe is empty
                deadline.wait_for(self._tasks, select.POLLOUT)
            except BrokenPipeError as error:
                raise self._died() from error

    def _receive(self, deadline: "_Deadline") -> Message:
        try:
            return receive(lambda size: self._read(size, deadline), largest_blob=LARGEST_ANSWER)
        except ProtocolError as error:
            raise DecoderError(f"the decoder answered with {error}") from error

    def _read(self, size: int, deadline: "_Deadline") -> bytes:
        while len(self._received) < size:
            deadline.wait_for(self._answers, select.POLLIN)
            chunk = os.read(self._answers, _CHUNK)  # most answers come whole, in one read
            if not chunk:
                raise self._died()
            self._received += chunk
        read = bytes(self._received[:size])
        del self._received[:size]
        return read

    def _died(self) -> DecoderError:
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return DecoderError("the decoder closed its pipes")
        if status < 0:
            return DecoderError(f"the decoder was ended by signal {-status}: {signal.strsignal(-status)}")
        return DecoderError(f"the decoder ended with status {status}")


_DECODERS: WeakSet[Decoder] = WeakSet()


def _close_inherited_pipes() -> None:
    """In a forked child: a decoder ends when its input does, so only its parent may hold that open."""
    for decoder in _DECODERS:
        decoder.close_pipes()
    _DECODERS.clear()


os.register_at_fork(after_in_child=_close_inherited_pipes)


class _Deadline:
    """A deadline on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at = time.monotonic() + seconds

    def wait_for(self, descriptor: int, event: int) -> None:
        """Return when the pipe is ready or broken. Raises `DecoderTimeoutError` at the deadline."""
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(0, self._at - time.monotonic()) * 1000):
            raise DecoderTimeoutError(f"it took longer than {self._seconds:.3g} s")


def _start(limits: Limits) -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise UnavailableError(
            "images are decoded by further Python processes, and this one does not know its own program",
            hint="set `sys.executable` to a Python interpreter that has logocache installed",
        )
    command = _command(limits)
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, and numbers
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={name: value for name, value in os.environ.items() if _is_for_python(name)} | _ALLOCATOR,
            # Not in the terminal's group: Ctrl-C must reach only this process, which stops the decoder.
            process_group=0,
        )
    except OSError as error:
        raise UnavailableError(
            f"the image decoder cannot be started ({error.strerror})",
            hint=_MORE_ROOM
            if error.errno in _NO_ROOM
            else f"`{command[0]}` must be a Python interpreter that may be run",
        ) from error
    except MemoryError as error:
        raise UnavailableError("the image decoder cannot be started (no memory)", hint=_MORE_ROOM) from error


def _command(limits: Limits) -> Sequence[str]:
    """The decoder's command line, with the switches that decide where this interpreter finds modules."""
    # Pillow warns of defects it tolerates: PYTHONWARNINGS must not turn these into errors.
    switches = ["-P", "-W", "ignore"]
    if sys.flags.ignore_environment:
        switches.append("-E")
    if sys.flags.no_user_site:
        switches.append("-s")
    arguments = (limits.memory_bytes, limits.max_pixels, limits.seconds)
    return [sys.executable, *switches, "-m", _MODULE, *map(str, arguments)]


def _is_for_python(name: str) -> bool:
    return name in _ENVIRONMENT or name.startswith(_ENVIRONMENT_PREFIXES)


def _unblocked(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise AssertionError("unreachable: the process was started with pipes")
    os.set_blocking(pipe.fileno(), False)
    return pipe.fileno()
