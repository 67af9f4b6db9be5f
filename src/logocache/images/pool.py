"""The decoders of one process: started when needed, used again, replaced when they fail.

Why processes: docs/adr/0004-images-are-decoded-in-subprocesses.md

What we drew or encoded ourselves needs none: it is worked on in this process. Pillow is imported
then and not before, so that a run which only hands bytes to decoders does without it.
"""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

from logocache.images import answers
from logocache.images.decoder import STARTUP_SECONDS, Decoder, DecoderError
from logocache.images.limits import Limits
from logocache.images.protocol import Message, ProtocolError, Task
from logocache.model import DecodingFailure, ImageRejection, Monogram, NormalisedImage
from logocache.ports.images import FileCheck
from logocache.variant import Variant

Result = TypeVar("Result")

BATCH = 64
"""Stored files that are checked by one message."""
BATCHES_AHEAD = 2
"""For each decoder: enough that none waits, few enough that memory does not grow with the files."""


class DecoderPool:
    """`Images`, with every outside byte decoded in a process that may die of it.

    Holds at most `workers` decoders (default: one for each processor), each at work for one thread
    at a time; further threads wait. `decode_timeout` is in seconds of the wall's clock, for one image
    or one batch of stored files; `memory_bytes` bounds a decoder's address space where the system can.
    `normalise` and `check_files` raise `UnavailableError` when no decoder can be started, and
    RuntimeError after `close`; `draw` and `derive` need no decoder.
    """

    def __init__(
        self, *, workers: int | None = None, max_pixels: int, decode_timeout: float, memory_bytes: int
    ) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._limits = Limits(max_pixels=max_pixels, seconds=decode_timeout, memory_bytes=memory_bytes)
        self._changed = threading.Condition()
        self._idle: list[Decoder] = []
        self._leased = 0
        self._closed = False

    def normalise(
        self, body: bytes, *, deadline: float
    ) -> NormalisedImage | ImageRejection | DecodingFailure:
        task = Message(fields={"task": Task.NORMALISE}, blob=body)
        try:
            return self._ask(task, answers.to_image, deadline=deadline)
        except DecoderError as error:
            return DecodingFailure(reason=str(error))

    def draw(self, monogram: Monogram) -> NormalisedImage:
        """As the port says, in the calling process and at once, however busy the decoders are."""
        from logocache.images.monogram import draw  # noqa: PLC0415 - see above

        return draw(monogram)

    def derive(self, png: bytes, variant: Variant) -> bytes:
        from logocache.images.variants import derive  # noqa: PLC0415 - see above

        return derive(png, variant)

    def check_files(self, paths: Iterable[Path]) -> Iterator[FileCheck]:
        """Takes `paths` as it goes, only a few batches ahead of what is asked for."""
        remaining = iter(paths)
        under_way: deque[Future[list[FileCheck]]] = deque()
        threads = ThreadPoolExecutor(self._workers, thread_name_prefix="logocache-check")
        try:
            while batch := list(islice(remaining, BATCH)):
                under_way.append(threads.submit(self._check, batch))
                if len(under_way) > BATCHES_AHEAD * self._workers:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)

    def close(self) -> None:
        """End the decoders, after the tasks that are under way. Again: nothing happens."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._leased == 0, timeout=STARTUP_SECONDS + self._limits.seconds)
            while self._idle:
                self._idle.pop().stop()

    def _check(self, batch: Sequence[Path]) -> list[FileCheck]:
        """A batch that fails is checked file by file, so that one file is to blame."""
        # The decoder may have been started elsewhere.
        task = Message(fields={"task": Task.CHECK_FILES, "paths": [str(path.absolute()) for path in batch]})
        try:
            return self._ask(task, lambda answer: answers.to_checks(answer, batch))
        except DecoderError as error:
            if len(batch) == 1:
                return [FileCheck(path=batch[0], obstacle=str(error))]
            return [check for path in batch for check in self._check([path])]

    def _ask(self, task: Message, read: Callable[[Message], Result], *, deadline: float = math.inf) -> Result:
        with self._lease() as decoder:
            try:
                return read(decoder.ask(task, seconds=min(self._limits.seconds, deadline - time.monotonic())))
            except ProtocolError as error:
                raise DecoderError(f"the decoder answered with {error}") from error

    @contextmanager
    def _lease(self) -> Iterator[Decoder]:
        """A decoder for the caller alone. It goes back only when all went well: after an error, or
        Ctrl-C, an answer may still be under way that would be taken for the next one.
        """
        decoder = self._take()
        try:
            decoder = decoder or Decoder(self._limits)
            yield decoder
        except BaseException:
            if decoder is not None:
                decoder.stop()
            self._end_lease(None)
            raise
        self._end_lease(decoder)

    def _take(self) -> Decoder | None:
        """An idle decoder, or None as leave to start one."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._leased < self._workers)
            if self._closed:
                raise RuntimeError("the pool of image decoders is closed")
            self._leased += 1
            while self._idle:
                decoder = self._idle.pop()
                if decoder.is_alive:
                    return decoder
                decoder.stop()
            return None

    def _end_lease(self, decoder: Decoder | None) -> None:
        with self._changed:
            self._leased -= 1
            if decoder is not None:
                self._idle.append(decoder)
            self._changed.notify_all()
