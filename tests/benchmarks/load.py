"""A client that asks one URL as fast as it is answered, over so many connections.

Run as a program: `python load.py HOST PORT PATH CONNECTIONS SECONDS`; prints requests a second.
"""

import asyncio
import sys
import time

import uvloop

HEAD_END = b"\r\n\r\n"


class Asking(asyncio.Protocol):
    """One connection: the next request goes out when the answer before is complete."""

    def __init__(self, request: bytes) -> None:
        self.answered = 0
        self._request = request
        self._missing = 0
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # asyncio gives a Transport for TCP
        self.ask()

    def ask(self) -> None:
        assert self._transport is not None
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._missing == 0:
            self._head += data
            head, found, rest = self._head.partition(HEAD_END)
            if not found:
                return
            self._missing = length_of(head) - len(rest)
            self._head = b""
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self.answered += 1
            self.ask()


def length_of(head: bytes) -> int:
    """The Content-Length of a 200; anything else ends the measurement."""
    status, *fields = head.lower().split(b"\r\n")
    if not status.startswith(b"http/1.1 200"):
        raise SystemExit(f"not a 200: {status!r}")
    return next(int(field.partition(b":")[2]) for field in fields if field.startswith(b"content-length:"))


async def measure(host: str, port: int, path: str, connections: int, seconds: float) -> float:
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: image/*\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    asking = [
        (await loop.create_connection(lambda: Asking(request), host, port))[1] for _ in range(connections)
    ]
    await asyncio.sleep(0.3)  # all connections are warm
    before, started = sum(each.answered for each in asking), time.perf_counter()
    await asyncio.sleep(seconds)
    return (sum(each.answered for each in asking) - before) / (time.perf_counter() - started)


if __name__ == "__main__":
    host, port, path, connections, seconds = sys.argv[1:]
    print(uvloop.run(measure(host, int(port), path, int(connections), float(seconds))))
