"""The decoder process: its loop, its limits, its silence."""

import io
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from harness.image_samples import ENDLESS, SMALL_IMAGES, encoded, svg, two_colours
from logocache.images import messages, worker
from logocache.images.messages import Message, ProtocolError, Task, receive
from logocache.ports import DecodingFailure, ImageRejection, NormalisedImage

pytestmark = pytest.mark.end_to_end

NORMALISE = Message(fields={"task": Task.NORMALISE}, blob=SMALL_IMAGES["png"])
COMMAND = [sys.executable, "-P", "-m", "logocache.images.worker", "1000000000", "1000000", "10"]


def served(*tasks: Message) -> list[Message]:
    """The answers of the loop, without its hello."""
    replies = io.BytesIO()
    worker.serve(io.BytesIO(b"".join(task.pack() for task in tasks)), replies, max_pixels=10**6, seconds=10)
    replies.seek(0)
    received = []
    while replies.tell() < len(replies.getvalue()):
        received.append(receive(replies.read))
    assert received[0] == Message()
    return received[1:]


def test_says_hello_and_ends_with_its_input() -> None:
    assert served() == []


def test_answers_each_task_in_turn(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(SMALL_IMAGES["png"])
    image, rejection, checks = served(
        NORMALISE,
        Message(fields={"task": Task.NORMALISE}, blob=b"<html>"),
        Message(
            fields={"task": Task.CHECK_FILES, "paths": [str(tmp_path / "a.png"), str(tmp_path / "b.png")]}
        ),
    )
    assert isinstance(messages.to_image(image), NormalisedImage)
    assert isinstance(messages.to_image(rejection), ImageRejection)
    first, second = messages.to_checks(checks, [tmp_path / "a.png", tmp_path / "b.png"])
    assert (first.width, first.problem) == (32, None)
    assert second.problem is not None


def test_a_task_that_is_cut_off_is_not_answered() -> None:
    replies = io.BytesIO()
    worker.serve(io.BytesIO(NORMALISE.pack()[:-1]), replies, max_pixels=10**6, seconds=10)
    assert replies.getvalue() == Message().pack()


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        worker.perform(Message(fields={"task": "format the disk"}), max_pixels=1)


def test_an_alarm_stands_behind_each_task_and_not_between(monkeypatch: pytest.MonkeyPatch) -> None:
    alarms: list[int] = []
    monkeypatch.setattr(signal, "alarm", alarms.append)
    served(NORMALISE, NORMALISE)
    assert alarms == [10 + worker.GRACE_SECONDS, 0] * 2


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        yield process
        process.kill()


def ask(process: subprocess.Popen[bytes], *tasks: Message) -> list[Message]:
    output, errors = process.communicate(b"".join(task.pack() for task in tasks), timeout=300)
    assert process.returncode == 0, errors
    stream = io.BytesIO(output)
    messages = [receive(stream.read) for _ in range(len(tasks) + 1)]
    assert stream.read() == b"", "nothing but messages on its output"
    return messages[1:]


def test_as_a_process_it_answers_and_ends_with_its_input(process: subprocess.Popen[bytes]) -> None:
    answer, drawn = ask(
        process, NORMALISE, Message(fields={"task": Task.NORMALISE}, blob=svg("<circle r='4'/>"))
    )
    assert isinstance(messages.to_image(answer), NormalisedImage)
    assert isinstance(messages.to_image(drawn), NormalisedImage)


def in_a_process(code: str) -> str:
    """The output of a program that runs within the worker's limits."""
    program = f"import resource, sys, os, warnings\nfrom logocache.images import worker\n{code}"
    run = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=600, check=True
    )
    return run.stdout + "|" + run.stderr


def test_memory_is_bounded_and_no_core_is_left() -> None:
    shown = in_a_process(
        "worker.limit_memory(700_000_000)\n"
        "worker.limit_task(300_000_000)\n"
        "try: bytearray(400_000_000)\n"
        "except MemoryError: print('refused')\n"
        "worker.limit_task(10**12)\n"
        "bytearray(400_000_000)\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
        "try: bytearray(800_000_000)\n"
        "except MemoryError: print('refused')\n"
        "worker.limit_memory(10**12)\n"
        "print(resource.getrlimit(resource.RLIMIT_DATA))"
    )
    assert shown == "refused\n(0, 0)\nrefused\n(700000000, 700000000)\n|"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound the address space")
def test_an_image_that_needs_more_memory_is_given_up_and_the_process_lives() -> None:
    large = encoded(Image.new("L", (12_000, 12_000)), "PNG")
    command = [*COMMAND[:-3], "128000000", "1000000000", "20"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        failed, image = ask(process, Message(fields={"task": Task.NORMALISE}, blob=large), NORMALISE)
    failure = messages.to_image(failed)
    assert isinstance(failure, DecodingFailure)
    assert "more memory than decoders may use" in failure.reason
    assert isinstance(messages.to_image(image), NormalisedImage)


def test_what_libraries_print_does_not_reach_the_answers() -> None:
    shown = in_a_process(
        "tasks, replies = worker._claim_standard_streams()\n"
        "print('from Python', flush=True)\n"
        "os.write(1, b'from C')\n"
        "replies.write(b'answer')\n"
        "replies.flush()\n"
        "assert os.read(0, 1) == b''"
    )
    assert shown == "answer|from Python\nfrom C"


def test_pillow_is_bounded_but_never_below_what_we_draw_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        worker.limit_pillow(1_000_000)
        assert Image.MAX_IMAGE_PIXELS == 1_000_000
        with pytest.raises(Image.DecompressionBombWarning):
            Image.open(io.BytesIO(encoded(two_colours((1001, 1000)), "PNG")))
        worker.limit_pillow(1)
        assert Image.MAX_IMAGE_PIXELS == 512**2


def test_an_orphan_at_work_ends_itself_even_when_its_parent_ignored_alarms() -> None:
    command = [*COMMAND[:-1], "0.1"]
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        signal.signal(signal.SIGALRM, before)
        # Nobody ends it at its limit here, and its input ends while it is at work.
        process.communicate(Message(fields={"task": Task.NORMALISE}, blob=ENDLESS).pack(), timeout=300)
    assert process.returncode == -signal.SIGALRM
