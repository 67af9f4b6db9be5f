"""A lock between threads and processes that is never waited for without end."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from logocache.store.lock import locked

HOLDER = """
import sys
from pathlib import Path
from logocache.store.lock import locked
with locked(Path(sys.argv[1]), seconds=1):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_it_can_be_held_again_and_again(tmp_path: Path) -> None:
    for _ in range(3):
        with locked(tmp_path / "lock", seconds=0):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_within_one_process_there_is_one_holder_too(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock", seconds=0),
        pytest.raises(TimeoutError, match="another process"),
        locked(tmp_path / "lock", seconds=0.02),
    ):
        pass


def test_an_error_inside_lets_go_of_it(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path / "lock", seconds=0):
        raise KeyError
    with locked(tmp_path / "lock", seconds=0):
        pass


def test_who_waits_gets_it_when_it_is_free(tmp_path: Path) -> None:
    held, order = threading.Event(), []

    def hold() -> None:
        with locked(tmp_path / "lock", seconds=5):
            held.set()
            waiting.wait(5)
            order.append("first")

    waiting = threading.Event()
    first = threading.Thread(target=hold)
    first.start()
    assert held.wait(5)
    threading.Timer(0.05, waiting.set).start()
    with locked(tmp_path / "lock", seconds=5):
        order.append("second")
    first.join()
    assert order == ["first", "second"]


def test_it_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError), locked(tmp_path / "lock", seconds=0):
            pass
        other.kill()
    with locked(tmp_path / "lock", seconds=0):
        pass


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), locked(tmp_path / "lock", seconds=0):
        pass
    assert not (tmp_path / "elsewhere").exists()
