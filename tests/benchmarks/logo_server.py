"""A source of logos on loopback: each path is another picture, answered after so many seconds.

Run as a program: `python logo_server.py PORT COUNT SECONDS`; serves /company0.png to /companyN.png.
"""

import asyncio
import io
import random
import sys

from PIL import Image

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
SIDE, TILES = 128, 16


def picture(number: int) -> bytes:
    """A PNG of coloured tiles, like no other: what comes for many companies would count as a placeholder."""
    pixels = random.Random(number).randbytes(TILES * TILES * 3)
    tiles = Image.frombytes("RGB", (TILES, TILES), pixels)
    buffer = io.BytesIO()
    tiles.resize((SIDE, SIDE), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


class Answering(asyncio.Protocol):
    """One connection. Requests come one after the other, each in one piece."""

    def __init__(self, answers: dict[bytes, bytes], delay: float) -> None:
        self._answers = answers
        self._delay = delay
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        answer = self._answers.get(data.split(b" ", 2)[1], NOT_FOUND)
        if self._delay:
            self._loop.call_later(self._delay, self._transport.write, answer)
        else:
            self._transport.write(answer)


async def serve(port: int, count: int, delay: float) -> None:
    answers = {}
    for number in range(count):
        body = picture(number)
        answers[b"/company%d.png" % number] = HEAD % len(body) + body
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(answers, delay), "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
