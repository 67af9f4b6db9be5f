"""Prepared answers of the fast path: their life, their counts, and their bound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.logo_client import filled
from harness.small_app import make_bench
from logocache.server.app import Server, assemble
from logocache.server.fast_path import MOST_HEADS, usual_request
from logocache.server.negotiation import Preferences
from logocache.server.requests import LogoRequest


class Sent(asyncio.WriteTransport):
    """A transport that remembers what it was to send."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))


REQUEST = (b"GET", b"/slack", None, Preferences())


@asynccontextmanager
async def prepared(folder: Path) -> AsyncIterator[Server]:
    """The parts of a server that has learnt `REQUEST`."""
    with filled(folder).open() as cache:
        server = assemble(cache)
        await server.service.logo(LogoRequest("slack"), "")
        server.route_cache.learn({"path": "/slack", "query_string": b""}, LogoRequest("slack"))
        cache.flush()
        try:
            yield server
        finally:
            await server.service.admission.queue.close(patience=10)
            server.service.variants.close()
            server.service.bulkheads.close()


def test_a_response_is_prepared_anew_when_date_or_record_change(tmp_path: Path) -> None:
    async def main() -> None:
        async with prepared(tmp_path) as server:
            sent, fast_path = Sent(), server.fast_path
            for date in (b"today", b"tomorrow"):
                assert fast_path.respond(REQUEST, b"a", sent, [(b"date", date)], None)
                assert b"\r\ndate: %b\r\n" % date in sent.pieces[-1]
            server.service.records.put("slack", None)
            assert not fast_path.respond(REQUEST, b"a", sent, [(b"date", b"tomorrow")], None)
            assert len(sent.pieces) == 2

    asyncio.run(main())


def test_counts_are_handed_over(tmp_path: Path) -> None:
    async def main() -> None:
        async with prepared(tmp_path) as server:
            date = [(b"date", b"today")]
            for _ in range(3):
                server.fast_path.respond(REQUEST, b"a", Sent(), date, None)
            server.fast_path.hand_over()
            assert server.cache.lookup.counted == 3
            assert b'logocache_lookups_total{state="hit"} 4.0' in server.metrics.exposition(None)
            server.fast_path.hand_over()
            assert server.cache.lookup.counted == 3

    asyncio.run(main())


@pytest.mark.parametrize(
    ("age", "lasts"),
    [
        pytest.param(timedelta(days=1), 1.0, id="fresh for long"),
        pytest.param(timedelta(days=6, hours=12, milliseconds=-400), 0.4, id="max-age falls soon"),
        pytest.param(timedelta(days=7, milliseconds=-400), 0.4, id="stale soon"),
        pytest.param(timedelta(days=8), None, id="stale and due"),
    ],
)
def test_a_hit_lasts_until_its_headers_change(tmp_path: Path, age: timedelta, lasts: float | None) -> None:
    async def main() -> float | None:
        async with prepared(tmp_path) as server:
            record = server.cache.lookup.find("slack")
            assert record is not None
            fetched_at = datetime.now(UTC) - age
            changed = replace(record, fetched_at=fetched_at, next_attempt_at=fetched_at + timedelta(days=7))
            server.service.records.put("slack", changed)
            hit = server.service.lasting(LogoRequest("slack"))
            return hit.seconds if hit is not None else None

    seconds = asyncio.run(main())
    if lasts is None or seconds is None:
        assert lasts is seconds
    else:
        assert 0 < seconds <= lasts


def test_heads_are_bounded(tmp_path: Path) -> None:
    with make_bench(tmp_path).open() as cache:
        fast_path = assemble(cache).fast_path
        for number in range(MOST_HEADS + 1):
            fast_path.learn(b"%d" % number, (b"GET", b"/", None, Preferences()))
        assert len(fast_path.heads) == 1


def test_names_of_fields_are_compared_as_they_come_from_the_parser() -> None:
    assert usual_request(b"GET", b"/", [(b"host", b"a")]) == ((b"GET", b"/", None, Preferences()), None)
    assert usual_request(b"GET", b"/", []) is None
