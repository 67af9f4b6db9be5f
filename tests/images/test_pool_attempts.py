"""A picture has its turn, two attempts at the most, and its time."""

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.decoders import GOOD
from harness.image_samples import decode, encoded, two_colours
from logocache.images import messages
from logocache.images.decoder import Decoder, DecoderTimeoutError
from logocache.images.errors import QUICK_PIXELS, QUICK_SECONDS, Limits
from logocache.images.messages import Message, Task
from logocache.images.normalise import normalise
from logocache.images.pool import DecoderPool, Lane
from logocache.ports import DecodingFailure, NormalisedImage

pytestmark = pytest.mark.end_to_end


# Turns. The decoders here are fakes, so that nothing depends on how quick the machine is.


class Clinic:
    """Makes decoders that answer at once, but never come to an end with a picture that is called slow."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.stopped = 0
        self.slow_began = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, limits: Limits) -> "Patient":
        return Patient(self)


class Patient(Decoder):
    """A decoder without a process."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic

    @property
    def is_alive(self) -> bool:
        return True

    def ask(self, task: Message, *, seconds: float) -> Message:
        self._clinic.asked.append(task.blob)
        if task.blob == b"slow" and seconds > QUICK_SECONDS:
            self._clinic.slow_began.set()
            assert self._clinic.may_end.wait(60)
        if task.blob == b"slow":
            raise DecoderTimeoutError(f"it took longer than {seconds:g} s")
        if task.fields["task"] == Task.CHECK_FILES:
            return Message(fields={"checks": [[7, 7]] * len(task.fields["paths"])})  # type: ignore[arg-type]  # a list
        return messages.of_image(normalise(GOOD, max_pixels=10**6))

    def stop(self) -> None:
        self._clinic.stopped += 1


def test_slow_pictures_of_many_entries_keep_nobody_from_a_quick_one(tmp_path: Path) -> None:
    """Eight that never end: one is at work, seven wait for it; quick ones and stored files pass them by."""
    clinic = Clinic()
    pool = DecoderPool(workers=2, max_pixels=10**6, decode_timeout=10, memory_bytes=10**9, new_decoder=clinic)
    with ThreadPoolExecutor(8) as hostile:
        try:
            failures = [hostile.submit(decode, pool, b"slow") for _ in range(8)]
            assert clinic.slow_began.wait(60)
            assert isinstance(decode(pool, b"good"), NormalisedImage)
            assert [check.width for check in pool.check_files([tmp_path] * 40)] == [7] * 40
            assert not any(failure.done() for failure in failures)
        finally:
            clinic.may_end.set()
        assert all(isinstance(failure.result(), DecodingFailure) for failure in failures)
    pool.close()


def test_a_picture_is_tried_twice_at_the_most() -> None:
    clinic = Clinic()
    clinic.may_end.set()
    pool = DecoderPool(workers=2, max_pixels=10**6, decode_timeout=10, memory_bytes=10**9, new_decoder=clinic)
    assert decode(pool, b"slow") == DecodingFailure(reason="it took longer than 10 s")
    assert (len(clinic.asked), clinic.stopped) == (2, 2)
    pool.close()


def test_whose_time_is_over_before_his_turn_has_failed() -> None:
    clinic = Clinic()
    pool = DecoderPool(workers=2, max_pixels=10**6, decode_timeout=10, memory_bytes=10**9, new_decoder=clinic)
    with pool._turns.turn(Lane.QUICK, deadline=math.inf), pool._turns.turn(Lane.QUICK, deadline=math.inf):
        failure = pool.normalise(b"good", deadline=time.monotonic() - 1)
    assert failure == DecodingFailure(reason="no decoder was free before its time was over")
    assert clinic.asked == []
    pool.close()


def test_a_picture_that_is_heavy_is_decoded_in_its_turn(own: DecoderPool) -> None:
    heavy = encoded(two_colours((2000, 1001)), "PNG")
    assert normalise(heavy, max_pixels=10**7, heavy_pixels=QUICK_PIXELS) == DecodingFailure(
        reason="it has 2002000 pixels, which takes more time and memory than there is"
    )
    pool = DecoderPool(workers=1, max_pixels=10**7, decode_timeout=20, memory_bytes=256_000_000)
    assert decode(pool, heavy) == normalise(heavy, max_pixels=10**7)
    pool.close()
