"""One decoder process: started, asked, ended; and what it may do wrong."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.forks import in_child, open_files
from harness.image_samples import SMALL_IMAGES, encoded, two_colours
from logocache.errors import UnavailableError
from logocache.images import messages
from logocache.images.decoder import Decoder, DecoderError, _Deadline
from logocache.images.errors import Limits
from logocache.images.messages import HEADER, Message, Task
from logocache.images.normalise import normalise
from logocache.ports import ImageRejection, NormalisedImage

pytestmark = pytest.mark.end_to_end

LIMITS = Limits(max_pixels=10**6, seconds=20, memory_bytes=10**9)
NORMALISE = Message(fields={"task": Task.NORMALISE}, blob=SMALL_IMAGES["png"])
HELLO = f"import os, sys, time; os.write(1, {Message().pack()!r})\n"
WAIT_FOR_A_TASK = "os.read(0, 1)\n"
SLEEP = "time.sleep(60)"

Impostor = Callable[[str], None]


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(LIMITS)
    yield decoder
    decoder.stop()


class CountingDeadline(_Deadline):
    """Counts how often a thread waits for a pipe: each time it may lose its turn to 63 others."""

    waits = 0

    def wait_for(self, descriptor: int, event: int) -> None:
        self.waits += 1
        super().wait_for(descriptor, event)


def test_a_short_task_and_its_answer_take_one_wait(decoder: Decoder) -> None:
    deadline = CountingDeadline(60)
    for round_ in (1, 2):
        decoder._send(Message(fields={"task": Task.NORMALISE}, blob=b"no image").pack(), deadline)
        assert "reason" in decoder._receive(deadline).fields
        assert deadline.waits == round_


def test_answers_again_and_again(decoder: Decoder) -> None:
    for _ in range(3):
        assert isinstance(messages.to_image(decoder.ask(NORMALISE, seconds=20)), NormalisedImage)
    assert decoder.is_alive


def test_large_messages_pass(decoder: Decoder) -> None:
    answer = decoder.ask(
        Message(fields={"task": Task.NORMALISE}, blob=b"<html>" + bytes(5_000_000)), seconds=20
    )
    assert "HTML" in str(answer.fields["reason"])


def test_stopping_leaves_no_process_and_can_be_repeated(decoder: Decoder) -> None:
    pid = decoder._process.pid
    decoder.stop()
    decoder.stop()
    assert not decoder.is_alive
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at /proc")
def test_a_decoder_inherits_nothing_but_its_pipes(tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        decoder = Decoder(LIMITS)
        links = [str(link.readlink()) for link in Path(f"/proc/{decoder._process.pid}/fd").iterdir()]
        decoder.stop()
    assert links
    assert all(link.startswith("pipe:") or link == os.devnull for link in links)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at /proc")
def test_a_fork_of_ours_does_not_keep_a_decoder_alive(decoder: Decoder) -> None:
    ours = [os.fstat(pipe.fileno()) for pipe in (decoder._process.stdin, decoder._process.stdout) if pipe]
    pipes = {(pipe.st_dev, pipe.st_ino) for pipe in ours}
    assert len(pipes & open_files()) == 2
    assert not pipes & in_child(open_files)
    assert decoder.is_alive


def test_secrets_of_the_environment_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGO_CACHE_ADMIN_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    decoder = Decoder(LIMITS)
    environment = Path(f"/proc/{decoder._process.pid}/environ").read_bytes()
    decoder.stop()
    assert b"secret" not in environment
    assert b"PYTHONPATH=/somewhere" in environment


def test_a_decoder_is_in_a_group_of_its_own_so_that_ctrl_c_passes_it_by(decoder: Decoder) -> None:
    assert os.getpgid(decoder._process.pid) != os.getpgrp()


def test_warnings_that_are_errors_here_are_none_in_a_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    corrupt = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 9
    body = encoded(two_colours(), "JPEG", exif=corrupt)
    assert isinstance(normalise(body, max_pixels=10**6), ImageRejection), "Pillow warns, and here that counts"
    decoder = Decoder(LIMITS)
    answer = decoder.ask(Message(fields={"task": Task.NORMALISE}, blob=body), seconds=20)
    decoder.stop()
    assert isinstance(messages.to_image(answer), NormalisedImage)


def test_a_decoder_finds_its_modules_as_this_interpreter_does(monkeypatch: pytest.MonkeyPatch) -> None:
    class Flags:
        ignore_environment = 1
        no_user_site = 1

    monkeypatch.setattr(sys, "flags", Flags())
    decoder = Decoder(LIMITS)
    arguments = decoder._process.args
    decoder.stop()
    assert isinstance(arguments, list)
    assert arguments[1:8] == ["-P", "-W", "ignore", "-E", "-s", "-m", "logocache.images.worker"]


def test_the_end_of_a_decoder_is_noticed_and_named(decoder: Decoder) -> None:
    os.kill(decoder._process.pid, signal.SIGSEGV)
    with pytest.raises(DecoderError, match="signal 11"):
        decoder.ask(NORMALISE, seconds=20)
    assert not decoder.is_alive


@pytest.mark.parametrize(
    ("misdeed", "problem"),
    [
        pytest.param("sys.exit(3)", "ended with status 3", id="ends"),
        pytest.param("os.abort()", "ended by signal 6", id="aborts"),
        pytest.param("os.write(1, b'x' * 100); " + SLEEP, "answered with a message of", id="sends nonsense"),
        pytest.param(
            f"os.write(1, {HEADER.pack(2, 2**31)!r} + b'{{}}'); {SLEEP}",
            "answered with a message of",
            id="promises GBs",
        ),
        pytest.param(f"os.write(1, {HEADER.pack(1, 0)!r} + b'?'); {SLEEP}", "not JSON", id="sends no JSON"),
        pytest.param(SLEEP, r"longer than 0\.3 s", id="says nothing"),
        pytest.param("os.write(1, b'x'); " + SLEEP, r"longer than 0\.3 s", id="stops in the middle"),
        pytest.param("os.close(1); " + SLEEP, "closed its pipes", id="closes its output"),
    ],
)
def test_misdeeds_are_errors_within_the_limit(misdeed: str, problem: str, impostor: Impostor) -> None:
    impostor(HELLO + WAIT_FOR_A_TASK + misdeed)
    decoder = Decoder(LIMITS)
    with pytest.raises(DecoderError, match=problem):
        decoder.ask(NORMALISE, seconds=0.3)
    decoder.stop()


def test_a_decoder_that_reads_nothing_is_given_up(impostor: Impostor) -> None:
    impostor(HELLO + SLEEP)
    decoder = Decoder(LIMITS)
    with pytest.raises(DecoderError, match=r"longer than 0\.3 s"):
        decoder.ask(Message(blob=bytes(10_000_000)), seconds=0.3)
    decoder.stop()


def test_a_decoder_that_closed_its_input_is_noticed_while_sending(impostor: Impostor) -> None:
    impostor(HELLO + WAIT_FOR_A_TASK + "sys.exit(3)")
    decoder = Decoder(LIMITS)
    with pytest.raises(DecoderError, match="status 3"):
        decoder.ask(Message(blob=bytes(10_000_000)), seconds=20)
    decoder.stop()


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        pytest.param("raise SystemExit(4)", "status 4", id="ends at once"),
        pytest.param(
            "print('Usage: not an interpreter, and this is its help')", "answered with", id="another program"
        ),
        pytest.param("import time; time.sleep(60)", r"longer than 0\.3 s", id="never ready"),
    ],
)
def test_a_decoder_that_does_not_get_ready_is_no_image_problem(
    program: str, problem: str, impostor: Impostor
) -> None:
    impostor(program)
    with pytest.raises(UnavailableError, match=problem) as caught:
        Decoder(LIMITS, startup_seconds=0.3 if "sleep" in program else 20)
    assert "logocache.images.worker" in caught.value.hint


@pytest.mark.parametrize("executable", ["", "/nonexistent/python"])
def test_without_an_interpreter_the_error_says_so(executable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(UnavailableError, match="image"):
        Decoder(LIMITS)


def test_ctrl_c_while_starting_leaves_no_process(impostor: Impostor, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    impostor(f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)")

    def interrupt(*_: object) -> None:
        if note.exists() and note.read_text():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            Decoder(LIMITS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
