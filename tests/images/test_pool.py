"""`DecoderPool` keeps the promises of the port `Images`."""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.decoders import GOOD, Impostor, new_pool, pids
from harness.image_samples import ENDLESS, SMALL_IMAGES, decode, encoded, two_colours
from logocache.errors import UnavailableError
from logocache.images.draw import draw
from logocache.images.messages import Fields, Message
from logocache.images.normalise import normalise
from logocache.images.pool import DecoderPool
from logocache.images.variants import derive
from logocache.ports import DecodingFailure, ImageRejection, Images, Monogram, NormalisedImage
from logocache.queries import ImageFormat, Variant

pytestmark = pytest.mark.end_to_end


MONOGRAM = Monogram(initials="AN", background="#112233", foreground="#ffffff")
HELLO = f"import os, sys, time; os.write(1, {Message().pack()!r}); os.read(0, 1)\n"


def test_it_satisfies_the_port(pool: DecoderPool) -> None:
    images: Images = pool
    assert images is pool


@pytest.mark.parametrize("name", SMALL_IMAGES)
def test_images_come_back_as_the_pure_function_makes_them(name: str, pool: DecoderPool) -> None:
    assert decode(pool, SMALL_IMAGES[name]) == normalise(SMALL_IMAGES[name], max_pixels=4_000_000)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", SMALL_IMAGES["png"][:50], encoded(two_colours((1, 1)), "PNG")]
)
def test_rejections_come_back_as_the_pure_function_makes_them(body: bytes, pool: DecoderPool) -> None:
    rejection = decode(pool, body)
    assert isinstance(rejection, ImageRejection)
    assert rejection == normalise(body, max_pixels=4_000_000)


def test_too_many_pixels_are_refused(pool: DecoderPool) -> None:
    rejection = decode(pool, encoded(two_colours((2001, 2000)), "PNG"))
    assert isinstance(rejection, ImageRejection)
    assert "pixels" in rejection.reason


def test_what_is_made_of_our_own_needs_no_decoder(own: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    drawn = own.draw(MONOGRAM)
    assert drawn == draw(MONOGRAM)
    small = Variant(size=64, format=ImageFormat.WEBP)
    assert own.derive(drawn.png, small) == derive(drawn.png, small)


def test_what_is_made_of_our_own_waits_for_no_decoder(own: DecoderPool) -> None:
    with own._lease(), ThreadPoolExecutor(2) as threads:
        drawn = list(threads.map(own.draw, [MONOGRAM] * 4, timeout=20))
        copies = list(threads.map(own.derive, [drawn[0].png] * 4, [Variant(size=32)] * 4, timeout=20))
    assert len({item.sha256 for item in drawn}) == len(set(copies)) == 1


def test_decoders_are_started_when_needed_and_used_again(own: DecoderPool) -> None:
    assert pids(own) == []
    decode(own, SMALL_IMAGES["ico"])
    first = pids(own)
    decode(own, GOOD)
    assert len(first) == 1
    assert pids(own) == first


def test_many_threads_share_a_few_decoders() -> None:
    pool = new_pool(workers=2)
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(decode, [pool] * 40, [GOOD] * 40))
    assert all(isinstance(result, NormalisedImage) for result in results)
    assert 1 <= len(pids(pool)) <= 2
    pool.close()


def test_a_decoder_that_takes_too_long_is_replaced() -> None:
    pool = new_pool(seconds=0.6)
    decode(pool, GOOD)
    before = pids(pool)
    assert decode(pool, ENDLESS) == DecodingFailure(reason="it took longer than 0.6 s")
    # A busy machine may need more than one try within so short a time.
    assert any(isinstance(decode(pool, GOOD), NormalisedImage) for _ in range(50))
    assert pids(pool) != before
    pool.close()


def test_a_decoder_that_dies_at_work_says_nothing_about_the_image_and_is_replaced(own: DecoderPool) -> None:
    decode(own, GOOD)
    (pid,) = pids(own)
    killer = threading.Timer(0.3, os.kill, (pid, signal.SIGSEGV))
    killer.start()
    failure = decode(own, ENDLESS)
    killer.join()
    assert isinstance(failure, DecodingFailure)
    assert "ended by signal 11" in failure.reason
    assert isinstance(decode(own, GOOD), NormalisedImage)


def test_a_decoder_that_died_while_idle_costs_no_image(own: DecoderPool) -> None:
    decode(own, GOOD)
    decoder = own._idle[0]
    decoder._process.kill()
    decoder._process.wait()
    assert isinstance(decode(own, GOOD), NormalisedImage)


def test_after_ctrl_c_no_answer_is_taken_for_another(own: DecoderPool) -> None:
    decode(own, GOOD)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            decode(own, ENDLESS)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert pids(own) == []
    assert decode(own, GOOD) == normalise(GOOD, max_pixels=10**6)


def test_nonsense_of_a_decoder_says_nothing_about_the_image(own: DecoderPool, impostor: Impostor) -> None:
    fields: Fields = {"source": ["png", 1, 1, True, True], "look": "", "flaw": None, "forms": [0, 0]}
    answer = Message(fields=fields, blob=b"<html>").pack()
    impostor(HELLO + f"os.write(1, {answer!r}); time.sleep(60)")
    failure = decode(own, GOOD)
    assert failure == DecodingFailure(reason="the decoder answered with an image that is not a PNG of ours")
    assert pids(own) == []


def test_when_no_decoder_can_start_every_method_that_needs_one_says_so(
    own: DecoderPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", "")
    for _ in range(2):
        with pytest.raises(UnavailableError):
            decode(own, GOOD)
    with pytest.raises(UnavailableError):
        list(own.check_files([tmp_path / "a.png"]))


def test_the_least_memory_that_may_be_set_is_enough_for_every_format() -> None:
    pool = DecoderPool(workers=1, max_pixels=10**6, decode_timeout=20, memory_bytes=128_000_000)
    results = [decode(pool, body) for body in SMALL_IMAGES.values()]
    assert all(isinstance(result, NormalisedImage) for result in results), results
    pool.close()
