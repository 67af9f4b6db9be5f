"""Fetches under way: bounded, shared, and ended in time."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from harness.factories import DAY, NOW, make_cached
from harness.service import play, until
from logocache.errors import DatabaseError
from logocache.model import Lease, LogoRecord, OutcomeKind
from logocache.operations.on_demand import Fetched, FetchState
from logocache.server.fetch_queue import FetchQueue
from logocache.server.limits import Bulkheads

LOGO = make_cached()


class Rows:
    """The methods of `Lookup` that the queue uses."""

    def __init__(self) -> None:
        self.current: list[LogoRecord] = []
        self.leased = False
        self.asked = 0

    def is_being_fetched(self, key: str) -> bool:
        self.asked += 1
        return self.leased

    def records(self, keys: Sequence[str]) -> Sequence[LogoRecord]:
        return self.current


def queue_of(rows: Rows, *, workers: int = 1, limit: int = 1, patience: float = 20) -> FetchQueue:
    return FetchQueue(
        rows,  # type: ignore[arg-type]  # the two methods used
        Bulkheads().database,
        workers=workers,
        limit=limit,
        patience=patience,
    )


def done() -> Fetched:
    return Fetched(state=FetchState.DONE, record=LOGO)


def test_who_asks_for_the_same_name_joins() -> None:
    async def scene() -> None:
        queue = queue_of(Rows())
        task = queue.start("shopify", done)
        assert task is not None
        assert queue.start("shopify", done) is task
        assert queue.find("shopify") is task
        assert await task == LOGO
        await until(lambda: queue.find("shopify") is None)

    play(scene)


def test_only_so_many_wait() -> None:
    async def scene() -> None:
        queue, may_end = queue_of(Rows(), workers=2, limit=1), threading.Event()

        def wait() -> Fetched:
            assert may_end.wait(20)
            return done()

        started = [queue.start(name, wait) for name in "abc"]
        assert (queue.in_progress, queue.waiting, queue.limit) == (2, 1, 1)
        assert queue.is_full
        assert queue.start("d", wait) is None
        may_end.set()
        await asyncio.gather(*(task for task in started if task is not None))
        await until(lambda: (queue.in_progress, queue.waiting) == (0, 0))

    play(scene)


@pytest.mark.parametrize(
    "error", [DatabaseError("away", hint="wait"), ValueError("a bug")], ids=["known", "bug"]
)
def test_a_failure_reaches_who_waits_and_the_log(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        def fail() -> Fetched:
            raise error

        task = queue_of(Rows()).start("shopify", fail)
        assert task is not None
        with pytest.raises(type(error)):
            await task

    play(scene)
    assert caplog.records[0].message in {"fetch.failed", "fetch.broken"}


NOT_ASKED = make_cached(last_outcome=OutcomeKind.NOT_ASKED, next_attempt_at=NOW + DAY)
"""`checked_at` is that of the attempt before."""


@pytest.mark.parametrize("after", [LOGO, NOT_ASKED], ids=["with a logo", "without an answer"])
def test_a_fetch_elsewhere_is_waited_for_whatever_comes_of_it(after: LogoRecord) -> None:
    async def scene() -> None:
        rows = Rows()
        before = make_cached(checked_at=NOW - DAY)
        rows.current, rows.leased = [before], True
        elsewhere = Fetched(state=FetchState.ELSEWHERE, record=before)
        task = queue_of(rows).start("shopify", lambda: elsewhere)
        assert task is not None
        await until(lambda: rows.asked > 0)
        assert not task.done()
        rows.current, rows.leased = [after], False
        assert await task == after

    play(scene)


def test_what_another_process_gives_back_as_it_was_is_fetched_here() -> None:
    async def scene() -> None:
        rows = Rows()
        rows.current = [make_cached(checked_at=None)]
        before = make_cached(checked_at=None, lease=Lease(claim="another's", until=NOW + DAY))
        answers = [Fetched(state=FetchState.ELSEWHERE, record=before), done()]
        task = queue_of(rows).start("shopify", lambda: answers.pop(0))
        assert task is not None
        assert await task == LOGO

    play(scene)


def test_an_entry_that_goes_while_it_is_waited_for_is_none() -> None:
    async def scene() -> None:
        elsewhere = Fetched(state=FetchState.ELSEWHERE, record=LOGO)
        task = queue_of(Rows()).start("shopify", lambda: elsewhere)
        assert task is not None
        assert await task is None

    play(scene)


def test_nobody_is_waited_for_for_ever() -> None:
    async def scene() -> None:
        rows = Rows()
        rows.current, rows.leased = [LOGO], True
        elsewhere = Fetched(state=FetchState.ELSEWHERE, record=LOGO)
        task = queue_of(rows, patience=0.01).start("shopify", lambda: elsewhere)
        assert task is not None
        assert await task == LOGO

    play(scene)


def test_closing_waits_only_so_long() -> None:
    async def scene() -> None:
        queue, may_end = queue_of(Rows(), workers=1, limit=5), threading.Event()

        def wait() -> Fetched:
            assert may_end.wait(20)
            return done()

        started = [queue.start(name, wait) for name in "abc"]
        await queue.close(patience=0.01)
        may_end.set()
        results = await asyncio.gather(*(process for process in started if process), return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)

    play(scene)


def test_closing_with_nothing_under_way_is_quick() -> None:
    async def scene() -> None:
        await queue_of(Rows()).close(patience=20)

    play(scene)
