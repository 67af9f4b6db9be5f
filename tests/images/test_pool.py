"""`DecoderPool` keeps the promises of the port `Images`."""

import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path

import pytest

from harness.image_samples import ENDLESS, SMALL_IMAGES, decode, encoded, two_colours
from logocache.errors import UnavailableError
from logocache.images import messages
from logocache.images.decoder import Decoder, DecoderTimeoutError
from logocache.images.draw import draw
from logocache.images.errors import QUICK_PIXELS, QUICK_SECONDS, Limits
from logocache.images.messages import Message, Task
from logocache.images.normalise import normalise
from logocache.images.pool import BATCH, BATCHES_AHEAD, DecoderPool, Lane
from logocache.images.processors import available_processors
from logocache.images.variants import derive
from logocache.ports import DecodingFailure, FileCheck, ImageRejection, Images, Monogram, NormalisedImage
from logocache.queries import ImageFormat, Variant

pytestmark = pytest.mark.end_to_end

MONOGRAM = Monogram(initials="AN", background="#112233", foreground="#ffffff")
HELLO = f"import os, sys, time; os.write(1, {Message().pack()!r}); os.read(0, 1)\n"
GOOD = encoded(two_colours((40, 20)), "PNG")

Impostor = Callable[[str], None]


def new_pool(*, workers: int | None = 1, seconds: float = 20) -> DecoderPool:
    return DecoderPool(workers=workers, max_pixels=10**6, decode_timeout=seconds, memory_bytes=10**9)


@pytest.fixture
def own() -> Iterator[DecoderPool]:
    """A pool of one decoder for one test."""
    pool = new_pool()
    yield pool
    pool.close()


def pids(pool: DecoderPool) -> list[int]:
    return [decoder._process.pid for decoder in pool._idle]


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
    assert len({each.sha256 for each in drawn}) == len(set(copies)) == 1


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


def test_by_default_there_is_a_decoder_for_each_processor() -> None:
    pool = new_pool(workers=None)
    assert pool._workers == max(2, available_processors())
    pool.close()


def test_a_decoder_that_takes_too_long_is_replaced() -> None:
    pool = new_pool(seconds=0.6)
    decode(pool, GOOD)
    before = pids(pool)
    assert decode(pool, ENDLESS) == DecodingFailure(reason="it took longer than 0.6 s")
    assert isinstance(decode(pool, GOOD), NormalisedImage)
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
    answer = Message(fields={"source": ["png", 1, 1]}, blob=b"<html>").pack()
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


# Stored files.


def test_files_are_checked_in_their_order_over_many_batches(pool: DecoderPool, tmp_path: Path) -> None:
    sizes = [(8 + number % 7, 9) for number in range(2 * BATCH + 3)]
    paths = []
    for number, size in enumerate(sizes):
        paths.append(tmp_path / f"{number}.png")
        paths[-1].write_bytes(encoded(two_colours(size), "PNG"))
    paths[5].write_bytes(b"broken")
    checks = list(pool.check_files(paths))
    assert [check.path for check in checks] == paths
    assert [(check.width, check.height) for check in checks[6:]] == sizes[6:]
    assert [check.path for check in checks if check.problem is not None] == [paths[5]]


def test_no_files_need_no_decoder(own: DecoderPool) -> None:
    assert list(own.check_files([])) == []
    assert pids(own) == []


def test_a_relative_path_is_meant_from_here_and_not_from_where_the_decoder_started(
    own: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode(own, GOOD)
    (tmp_path / "a.png").write_bytes(GOOD)
    monkeypatch.chdir(tmp_path)
    assert list(own.check_files([Path("a.png")])) == [FileCheck(path=Path("a.png"), width=40, height=20)]


def test_names_that_are_not_utf_8_are_found(own: DecoderPool, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.png")
    path.write_bytes(GOOD)
    assert [check.width for check in own.check_files([path])] == [40]


def test_paths_are_taken_only_a_few_batches_ahead(pool: DecoderPool, tmp_path: Path) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Path]:
        for number in count():
            taken.append(number)
            yield tmp_path / f"{number}.png"

    checks = pool.check_files(endless())
    assert len(list(islice(checks, BATCH))) == BATCH
    assert len(taken) <= BATCH * (2 * BATCHES_AHEAD + 2)
    checks.close()  # type: ignore[attr-defined]  # the port promises an iterator; ours is a generator


def test_one_file_is_to_blame_when_a_batch_fails(own: DecoderPool, impostor: Impostor) -> None:
    # It dies of every message that names b.png, and finds all others of size 7 × 7.
    impostor(
        "import sys; from logocache.images.messages import Message, receive\n"
        "sys.stdout.buffer.write(Message().pack()); sys.stdout.flush()\n"
        "while True:\n"
        "    paths = receive(sys.stdin.buffer.read).fields['paths']\n"
        "    if any(path.endswith('b.png') for path in paths): sys.exit(9)\n"
        "    sys.stdout.buffer.write(Message(fields={'checks': [[7, 7] for _ in paths]}).pack())\n"
        "    sys.stdout.flush()"
    )
    checks = list(own.check_files([Path("/a.png"), Path("/b.png"), Path("/c.png")]))
    assert [check.obstacle for check in checks] == [None, "the decoder ended with status 9", None]
    assert not any(check.problem for check in checks), "a decoder's death says nothing about a file"
    assert [check.width for check in checks] == [7, 0, 7]


# The end.


def test_closing_ends_the_decoders_and_nothing_is_decoded_afterwards(tmp_path: Path) -> None:
    pool = new_pool()
    decode(pool, GOOD)
    (pid,) = pids(pool)
    pool.close()
    pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    for use in (
        lambda: decode(pool, GOOD),
        lambda: list(pool.check_files([tmp_path])),
    ):
        with pytest.raises(RuntimeError, match="closed"):
            use()


def test_closing_waits_for_the_task_under_way_and_turns_away_those_that_wait() -> None:
    pool = new_pool(seconds=0.8)
    decode(pool, GOOD)
    with ThreadPoolExecutor(2) as threads:
        under_way = threads.submit(decode, pool, ENDLESS)
        while not pool._turns._running[Lane.SLOW] and not under_way.done():
            time.sleep(0.005)  # what is waited for has no event of its own
        pool.close()
        assert isinstance(under_way.result(), DecodingFailure)
    assert pids(pool) == []


PARENT = """
import sys
from logocache.images.pool import DecoderPool
pool = DecoderPool(workers=1, max_pixels=10**6, decode_timeout=20, memory_bytes=10**9)
assert "PIL" not in sys.modules and "resvg_py" not in sys.modules, "loading it loads no engine"
pool.normalise(b"<svg/>", deadline=float("inf"))
assert "PIL" not in sys.modules and "resvg_py" not in sys.modules, "nor does decoding"
print(pool._idle[0]._process.pid, flush=True)
"""


def test_importing_the_pool_and_decoding_with_it_load_no_engine_in_this_process() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PARENT + "pool.close()"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is no child of its own")
@pytest.mark.parametrize("end", ["sys.exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_decoder_outlives_a_process_that_did_not_close_its_pool(end: str) -> None:
    program = PARENT + "import os\nsys.stdin.readline()\n" + end
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        decoder = os.pidfd_open(int(parent.stdout.readline()))
        parent.communicate(b"\n", timeout=300)
    try:
        ended, _, _ = select.select([decoder], [], [], 20)
        assert ended
    finally:
        os.close(decoder)


NO_ROOM = """
import os, resource
from concurrent.futures import thread  # loaded while anything can be
from pathlib import Path
from logocache.errors import UnavailableError
from logocache.images.pool import DecoderPool
pool = DecoderPool(workers=2, max_pixels=10**6, decode_timeout=20, memory_bytes=10**9)
if os.getuid() == 0:
    os.setuid(65534)  # root is not bound
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
decode = lambda: pool.normalise(b"", deadline=float("inf"))
check = lambda: list(pool.check_files([Path("/a.png")]))
for use in (decode, check):
    try:
        print("never", use())
    except UnavailableError as error:
        print(error)
pool.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound processes in other ways")
def test_without_a_process_or_a_thread_to_be_had_the_error_says_so() -> None:
    run = subprocess.run(
        [sys.executable, "-c", NO_ROOM], capture_output=True, text=True, timeout=600, check=False
    )
    decoding, checking = run.stdout.splitlines()
    assert decoding.startswith(
        "the image decoder cannot be started (Resource temporarily unavailable): raise"
    )
    assert checking.startswith("this process gets no further thread or process: raise")
