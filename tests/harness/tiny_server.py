"""Processes that serve the tiny application, and what they say."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.server_thread import PATIENCE, eventually, get, until_closed

TESTS = Path(__file__).parents[1]
PROGRAM = TESTS / "harness" / "tiny_program.py"
CLOSE = "connection: close"


@dataclass(kw_only=True)
class TinyServer:
    """A running process."""

    process: subprocess.Popen[bytes]
    said: list[str] = field(default_factory=list)
    """Lines of standard error."""
    _rest: bytes = b""

    def hear(self, text: str, *, times: int = 1) -> str:
        """Wait for so many lines with that text; the last of them."""
        while len(found := [line for line in self.said if text in line]) < times:
            assert self._read(), f"no {text!r} in {self.said}"
        return found[times - 1]

    def connect(self) -> socket.socket:
        address = self.hear("serving on ").split()[2]
        if address.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX)
            client.connect(address.removeprefix("unix:"))
        else:
            host, _, port = address.removeprefix("http://").rpartition(":")
            client = socket.create_connection((host.strip("[]"), int(port)))
        client.settimeout(PATIENCE)
        return client

    def has_stopped_listening(self) -> bool:
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def ask(self, path: str, *fields: str) -> str:
        """The body of the answer."""
        with self.connect() as client:
            client.sendall(get(path, CLOSE, *fields))
            return until_closed(client).partition(b"\r\n\r\n")[2].decode()

    def processes(self, count: int) -> set[str]:
        """The answers of `count` different processes about themselves."""
        seen: set[str] = set()

        def are_enough() -> bool:
            seen.add(self.ask("/process"))
            return len(seen) >= count

        assert eventually(are_enough)
        return seen

    def ended(self) -> int:
        """The exit code; then all of standard error is in `said`."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        assert self.process.stderr is not None
        ready, _, _ = select.select([self.process.stderr], [], [], PATIENCE)
        assert ready, f"stuck after {self.said}"
        piece = os.read(self.process.stderr.fileno(), 65536)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.said += [line.decode() for line in lines]
        return piece != b""


@contextmanager
def served(**variables: str) -> Iterator[TinyServer]:
    """A process of its own, on a free port, killed at the end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TINY")}
    environment |= {"PYTHONPATH": str(TESTS), "LOGO_CACHE_SERVE_PORT": "0"} | variables
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # so that a test can send signals to all processes of one
    )
    try:
        yield TinyServer(process=process)
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
