"""Pool of decoder processes: started on demand, reused, replaced when they fail.

Why processes: docs/adr/0004-images-are-decoded-in-subprocesses.md

Images that we drew or encoded ourselves are processed in this process. Only then Pillow is imported:
a run that only passes bytes to decoders does without it.
"""

import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from pathlib import Path
from typing import TypeVar

from logocache.errors import raise_if_exhausted
from logocache.images import messages
from logocache.images.decoder import STARTUP_SECONDS, Decoder, DecoderError, DecoderTimeoutError
from logocache.images.errors import FEWEST_PLACES, QUICK_MEMORY, QUICK_PIXELS, QUICK_SECONDS, Limits
from logocache.images.messages import Fields, Message, ProtocolError, Task
from logocache.ports import DecodingFailure, FileCheck, ImageRejection, Monogram, NormalisedImage
from logocache.queries import Variant


class Lane(Enum):
    """Resource class of a task. Each picture is first tried as QUICK; limits in `images.errors`."""

    QUICK = auto()
    SLOW = auto()


class NoTurn(Exception):  # noqa: N818 - a fact about the queue, not a fault of the program
    """No place became free before the deadline."""


@dataclass(slots=True, eq=False)
class _Ticket:
    """A thread's place in the queue of one lane."""

    woken: threading.Condition
    is_granted: bool = False


class Turns:
    """Assigns `places` to threads: first come, first served in each lane.

    At most one place is for SLOW tasks, reserved as soon as one waits; the others are for QUICK ones. So
    a quick task waits only for quick tasks before it, each of at most `QUICK_SECONDS`, and a slow task
    only for slow ones. An entry waits with one picture at a time, so this is fair among entries.

    A place that becomes free is handed to the next thread, and wakes that one alone: were all of them
    woken to look, 64 would cost more than the decoding.
    """

    def __init__(self, places: int) -> None:
        """Raises ValueError for fewer places than there are lanes."""
        if places < FEWEST_PLACES:
            raise ValueError(f"{places} places for two lanes")
        self._places = places
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._waiting: dict[Lane, deque[_Ticket]] = {lane: deque() for lane in Lane}
        self._running = dict.fromkeys(Lane, 0)
        self._closed = False

    @contextmanager
    def turn(self, lane: Lane, *, deadline: float) -> Iterator[None]:
        """Wait for a place, until `deadline` (`time.monotonic`) at the longest, and hold it.

        Raises `NoTurn`, and RuntimeError once closed.
        """
        with self._lock:
            self._await(lane, deadline)
        try:
            yield
        finally:
            with self._lock:
                self._give_back(lane)

    def close(self, *, timeout: float) -> None:
        """Reject waiting tasks; return when no task runs any more, or after `timeout` seconds."""
        with self._lock:
            self._closed = True
            for ticket in (*self._waiting[Lane.QUICK], *self._waiting[Lane.SLOW]):
                ticket.woken.notify()
            self._idle.wait_for(lambda: not any(self._running.values()), timeout=timeout)

    def _await(self, lane: Lane, deadline: float) -> None:
        ticket = _Ticket(threading.Condition(self._lock))
        self._waiting[lane].append(ticket)
        try:
            self._grant()
            timeout = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
            ticket.woken.wait_for(lambda: ticket.is_granted or self._closed, timeout)
        except BaseException:
            if ticket.is_granted:
                self._give_back(lane)
            raise
        finally:
            if not ticket.is_granted:
                self._waiting[lane].remove(ticket)
                self._grant()  # one that waited for a slow place had kept it free
        if self._closed:
            if ticket.is_granted:
                self._give_back(lane)
            raise RuntimeError("the pool of image decoders is closed")
        if not ticket.is_granted:
            raise NoTurn

    def _give_back(self, lane: Lane) -> None:
        self._running[lane] -= 1
        self._grant()
        self._idle.notify_all()

    def _grant(self) -> None:
        """Hand free places to the first in each lane."""
        for lane in (Lane.SLOW, Lane.QUICK):
            while not self._closed and self._waiting[lane] and self._is_free(lane):
                ticket = self._waiting[lane].popleft()
                self._running[lane] += 1
                ticket.is_granted = True
                ticket.woken.notify()

    def _is_free(self, lane: Lane) -> bool:
        quick, slow = self._running[Lane.QUICK], self._running[Lane.SLOW]
        if lane is Lane.SLOW:
            return slow == 0 and quick < self._places
        kept_free = 1 if slow or self._waiting[Lane.SLOW] else 0
        return quick < self._places - kept_free


Result = TypeVar("Result")

BATCH = 16
"""Stored files checked per message: few, since new pictures wait for a batch to end."""
BATCHES_AHEAD = 2
"""Batches submitted ahead for each decoder: enough to keep it busy, few enough to bound memory."""


class DecoderPool:
    """Implements `ports.Images`; untrusted bytes are decoded in expendable processes.

    Holds at most `workers` decoders, at least two, each used by
    one thread at a time; further threads wait (see `Turns`). `decode_timeout` is wall-clock seconds for
    one image or one batch of stored files; `memory_bytes` bounds a decoder's memory where the system can.
    `normalise` and `check_files` raise `UnavailableError` when no decoder can be started, and
    RuntimeError after `close`; `draw` and `derive` need no decoder.
    """

    def __init__(
        self,
        *,
        workers: int,
        max_pixels: int,
        decode_timeout: float,
        memory_bytes: int,
        new_decoder: Callable[[Limits], Decoder] = Decoder,
    ) -> None:
        self._workers = max(workers, FEWEST_PLACES)
        self._limits = Limits(max_pixels=max_pixels, seconds=decode_timeout, memory_bytes=memory_bytes)
        self._new_decoder = new_decoder
        self._turns = Turns(self._workers)
        self._idle: deque[Decoder] = deque()

    def normalise(
        self, body: bytes, *, deadline: float, is_believed: bool = False
    ) -> NormalisedImage | ImageRejection | DecodingFailure:
        """See the port. A slow or large picture is tried again in the slow lane."""
        quick, slow = (
            _normalise(body, lane, self._limits, is_believed=is_believed) for lane in (Lane.QUICK, Lane.SLOW)
        )
        try:
            image = self._ask(quick, messages.to_image, Lane.QUICK, deadline)
            if not isinstance(image, DecodingFailure):
                return image
        except DecoderTimeoutError as error:
            if self._limits.seconds <= QUICK_SECONDS or deadline <= time.monotonic():
                return DecodingFailure(reason=str(error))
        except DecoderError as error:
            return DecodingFailure(reason=str(error))
        try:
            return self._ask(slow, messages.to_image, Lane.SLOW, deadline)
        except DecoderError as error:
            return DecodingFailure(reason=str(error))

    def draw(self, monogram: Monogram) -> NormalisedImage:
        """See the port. Runs in the calling process, without waiting for decoders."""
        from logocache.images.draw import draw  # noqa: PLC0415 - see above

        return draw(monogram)

    def derive(self, png: bytes, variant: Variant) -> bytes:
        from logocache.images.variants import derive  # noqa: PLC0415 - see above

        return derive(png, variant)

    def check_files(self, paths: Iterable[Path]) -> Iterator[FileCheck]:
        """See the port. Consumes `paths` lazily, a few batches ahead of the results."""
        remaining = iter(paths)
        under_way: deque[Future[list[FileCheck]]] = deque()
        threads = ThreadPoolExecutor(self._workers, thread_name_prefix="logocache-check")
        try:
            while batch := list(islice(remaining, BATCH)):
                under_way.append(_submitted(threads, self._check, batch))
                if len(under_way) > BATCHES_AHEAD * self._workers:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Stop the decoders after their running tasks. Idempotent."""
        self._turns.close(timeout=STARTUP_SECONDS + self._limits.seconds)
        while self._idle:
            self._idle.pop().stop()

    def _check(self, batch: Sequence[Path]) -> list[FileCheck]:
        """Check a batch; if it fails, each file alone, to find the one at fault."""
        # The decoder may have another working directory.
        task = Message(fields={"task": Task.CHECK_FILES, "paths": [str(path.absolute()) for path in batch]})
        try:
            return self._ask(task, lambda answer: messages.to_checks(answer, batch), Lane.QUICK, math.inf)
        except DecoderError as error:
            if len(batch) == 1:
                return [FileCheck(path=batch[0], obstacle=str(error))]
            return [check for path in batch for check in self._check([path])]

    def _ask(self, task: Message, read: Callable[[Message], Result], lane: Lane, deadline: float) -> Result:
        """The decoder's answer. Raises `DecoderError`, also when no decoder was free in time."""
        try:
            with self._turns.turn(lane, deadline=deadline), self._lease() as decoder:
                seconds = min(_seconds(task, lane, self._limits), deadline - time.monotonic())
                try:
                    return read(decoder.ask(task, seconds=max(seconds, 0.0)))
                except ProtocolError as error:
                    raise DecoderError(f"the decoder answered with {error}") from error
        except NoTurn as error:
            raise DecoderError("no decoder was free before its time was over") from error

    @contextmanager
    def _lease(self) -> Iterator[Decoder]:
        """A decoder for the caller alone. After an error or Ctrl-C it is stopped: a late answer would be
        taken for that of the next task.
        """
        decoder = self._take()
        try:
            yield decoder
        except BaseException:
            decoder.stop()
            raise
        self._idle.append(decoder)

    def _take(self) -> Decoder:
        """The idle decoder that was used last, or a new one."""
        while self._idle:
            with contextlib.suppress(IndexError):  # another thread took it
                decoder = self._idle.pop()
                if decoder.is_alive:
                    return decoder
                decoder.stop()
        return self._new_decoder(self._limits)


def _normalise(body: bytes, lane: Lane, limits: Limits, *, is_believed: bool) -> Message:
    pixels, memory = limits.max_pixels, limits.memory_bytes
    if lane is Lane.QUICK:
        pixels, memory = min(pixels, QUICK_PIXELS), int(memory * QUICK_MEMORY)
    fields: Fields = {"task": Task.NORMALISE, "heavy_pixels": pixels, "memory_bytes": memory}
    return Message(fields=fields | {"is_believed": is_believed}, blob=body)


def _seconds(task: Message, lane: Lane, limits: Limits) -> float:
    is_first_try = lane is Lane.QUICK and task.fields["task"] == Task.NORMALISE
    return min(QUICK_SECONDS, limits.seconds) if is_first_try else limits.seconds


def _submitted(
    threads: ThreadPoolExecutor, check: Callable[[Sequence[Path]], list[FileCheck]], batch: Sequence[Path]
) -> Future[list[FileCheck]]:
    """Submit `check`. Raises UnavailableError when the system gives no thread."""
    try:
        return threads.submit(check, batch)
    except (RuntimeError, MemoryError) as error:
        raise_if_exhausted(error)
        raise
