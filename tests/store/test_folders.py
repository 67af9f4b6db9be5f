"""A lock between threads and processes that is never waited for without end."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.forks import forked
from logocache.store.folders import locked

pytestmark = pytest.mark.end_to_end

HOLDER = """
import sys
import os
from logocache.store.folders import locked
with locked("lock", os.open(sys.argv[1], os.O_RDONLY), seconds=1):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_it_can_be_held_again_and_again(folder: int, tmp_path: Path) -> None:
    for _ in range(3):
        with locked("lock", folder, seconds=0):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_within_one_process_there_is_one_holder_too(folder: int, tmp_path: Path) -> None:
    with (
        locked("lock", folder, seconds=0),
        pytest.raises(TimeoutError, match="another process"),
        locked("lock", folder, seconds=0.02),
    ):
        pass


def test_an_error_inside_lets_go_of_it(folder: int, tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked("lock", folder, seconds=0):
        raise KeyError
    with locked("lock", folder, seconds=0):
        pass


def test_who_waits_gets_it_when_it_is_free(folder: int, tmp_path: Path) -> None:
    held, order = threading.Event(), []

    def hold() -> None:
        with locked("lock", folder, seconds=5):
            held.set()
            waiting.wait(5)
            order.append("first")

    waiting = threading.Event()
    first = threading.Thread(target=hold)
    first.start()
    assert held.wait(5)
    threading.Timer(0.05, waiting.set).start()
    with locked("lock", folder, seconds=5):
        order.append("second")
    first.join()
    assert order == ["first", "second"]


def test_it_ends_with_the_process_that_held_it(folder: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError), locked("lock", folder, seconds=0):
            pass
        other.kill()
    with locked("lock", folder, seconds=0):
        pass


def test_a_link_is_not_followed(folder: int, tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), locked("lock", folder, seconds=0):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_child_that_was_forked_meanwhile_does_not_keep_the_lock(folder: int) -> None:
    go_on, told = os.pipe()
    with ExitStack() as held:
        held.enter_context(locked("lock", folder, seconds=0))
        with forked(lambda: os.read(go_on, 1)) as ended:
            held.close()
            with locked("lock", folder, seconds=0):
                os.write(told, b"x")
            assert ended() == b"x"
    os.close(go_on)
    os.close(told)
