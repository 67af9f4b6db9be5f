"""Work that comes back: it goes on whatever happens, and says what happened once."""

import asyncio

import pytest

from harness.service import play, until
from logocache.errors import DatabaseError
from logocache.server.background import PeriodicTask, jittered


class Action:
    def __init__(self, *results: Exception | None) -> None:
        self.results = list(results)
        self.times = 0

    async def __call__(self) -> None:
        self.times += 1
        result = self.results.pop(0) if self.results else None
        if result is not None:
            raise result


def test_it_comes_back_until_it_is_stopped() -> None:
    async def scene() -> None:
        action = Action()
        recurring = PeriodicTask("work", action, lambda: 0.0)
        recurring.start()
        await until(lambda: action.times >= 3)
        await recurring.stop()
        times = action.times
        for _ in range(5):
            await asyncio.sleep(0)
        assert action.times == times

    play(scene)


def test_stopping_what_was_never_started_is_fine() -> None:
    play(PeriodicTask("work", Action(), lambda: 0.0).stop)


def test_trouble_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    away = DatabaseError("the database is away", hint="wait")

    async def scene() -> None:
        recurring = PeriodicTask("work", Action(away, away, None, ValueError("a bug"), None), lambda: 0.0)
        for _ in range(5):
            await recurring.once()

    play(scene)
    assert [record.message for record in caplog.records] == [
        "work.failed",
        "work.recovered",
        "work.broken",
        "work.recovered",
    ]


def test_jitter_stays_around_the_interval() -> None:
    waits = {jittered(60) for _ in range(100)}
    assert all(30 <= wait <= 90 for wait in waits)
    assert len(waits) > 1
