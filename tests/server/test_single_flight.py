"""Single flight."""

import asyncio

import pytest

from logocache.server.memory import SingleFlight


def test_many_who_ask_at_once_share_one_answer() -> None:
    async def scene() -> None:
        once, calls = SingleFlight(), 0

        async def work() -> int:
            nonlocal calls
            calls += 1
            await asyncio.sleep(0)
            return calls

        assert await asyncio.gather(*(once.do("key", work) for _ in range(50))) == [1] * 50
        assert await once.do("key", work) == 2
        assert set(await asyncio.gather(once.do("a", work), once.do("b", work))) == {4}

    asyncio.run(scene())


def test_a_failure_reaches_all_and_is_not_remembered() -> None:
    async def scene() -> None:
        once = SingleFlight()

        async def fail() -> int:
            await asyncio.sleep(0)
            raise OSError("gone")

        async def succeed() -> int:
            return 1

        results = await asyncio.gather(*(once.do("key", fail) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(result, OSError) for result in results)
        assert await once.do("key", succeed) == 1

    asyncio.run(scene())


def test_who_gives_up_takes_nothing_from_the_others() -> None:
    async def scene() -> None:
        once, may_end = SingleFlight(), asyncio.Event()

        async def work() -> str:
            await may_end.wait()
            return "done"

        first = asyncio.create_task(once.do("key", work))
        second = asyncio.create_task(once.do("key", work))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        may_end.set()
        assert await second == "done"

    asyncio.run(scene())
