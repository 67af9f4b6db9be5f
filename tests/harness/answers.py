"""Answers as bytes, for servers on loopback."""

from harness.loopback import (
    always,
    ask,
    fetching,
    serving,
)
from logocache.ports import Answer

IMAGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
HEAD = b"HTTP/1.1 200 OK\r\n"


def answer_to(answer: bytes, *, then_close: bool = True) -> Answer:
    with serving(always(answer, then_close=then_close)) as server, fetching(server) as fetcher:
        return ask(fetcher)


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
