"""Run `logocache serve` as a separate process, with requests over real sockets."""

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

READY = re.compile(r"serving on (http://\S+)")
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""TLS is not used, and loading the usual authorities takes longer than a request."""
PATIENCE = 300
"""Seconds after which a process or request counts as stuck."""


@dataclass(kw_only=True)
class ServerProcess:
    """A running server."""

    process: subprocess.Popen[str]
    url: str
    log: list[str]
    """Lines written to standard error so far."""

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request on a new connection."""
        with httpx.Client(base_url=self.url, timeout=PATIENCE, verify=NO_AUTHORITIES) as client:
            return client.request(method, path, **options)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; returns the exit code, and the seconds until the process ended."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE), time.monotonic() - started


def run_program(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of logocache to its end."""
    return subprocess.run(
        [sys.executable, "-m", "logocache", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
    )


@contextmanager
def serving(*arguments: str, environment: Mapping[str, str]) -> Iterator[ServerProcess]:
    """A server on a free port of loopback, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "logocache", "serve", "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | environment,
    )
    log: list[str] = []
    address: list[str] = []
    ready = threading.Event()

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            log.append(line)
            found = READY.search(line)
            if found is not None:
                address.append(found[1])
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert ready.wait(PATIENCE), "the server does not say that it is ready"
        assert address, "".join(log)
        yield ServerProcess(process=process, url=address[0], log=log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(PATIENCE)
        reader.join(PATIENCE)
        if process.stderr is not None:
            process.stderr.close()


def eventually(holds: Callable[[], bool], *, within: float = PATIENCE) -> None:
    """Wait until `holds` returns True. AssertionError after `within` seconds."""
    deadline = time.monotonic() + within
    waiting = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        waiting.wait(0.05)
