"""A logo that is not there: the answer, its count, and the time for which it is believed."""

from contextlib import suppress
from typing import Any

import pytest

from harness.bench import SHOPIFY, SLACK, STRIPE, Bench
from harness.fakes import reply
from harness.service import (
    known_but_cold,
    play,
    refused,
    serving,
    told,
)
from logocache.model import OutcomeKind
from logocache.repository.filters import DueFilter
from logocache.server.requests import (
    BusyError,
    CacheState,
    Fallback,
    NoLogoError,
    TooManyMissesError,
)
from logocache.settings.server import OnDemand


def test_a_placeholder_is_sent_where_it_is_wanted_and_never_for_long(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            assert told(await on.ask("stripe")) == (b"monogram stripe", CacheState.PLACEHOLDER, 300)
            with pytest.raises(NoLogoError):
                await on.ask("stripe", fallback=Fallback.NOT_FOUND)
            assert on.looked_up == ["placeholder", "miss"]

    play(scene)


@pytest.mark.parametrize("fallback", Fallback)
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        pytest.param("shopify", {}, id="fetched"),
        pytest.param("slack", {}, id="could not be asked"),
        pytest.param("stripe", {}, id="no logo"),
        pytest.param("shopify", {"on_demand": OnDemand.OFF}, id="not fetched"),
        pytest.param("shopify", {"misses_per_minute": 0}, id="too many misses"),
    ],
)
def test_a_miss_is_counted_once_however_it_ends(
    bench: Bench, name: str, settings: dict[str, Any], fallback: Fallback
) -> None:
    async def scene() -> None:
        known_but_cold(bench)
        bench.fetcher.replies[SLACK] = refused
        async with serving(bench, **settings) as on:
            for asked in (1, 2):  # the second time what is known of it may be in memory
                with suppress(NoLogoError, BusyError, TooManyMissesError):
                    await on.ask(name, fallback=fallback)
                counted = [item for item in on.looked_up if item == "miss"]
                assert len(on.looked_up) == asked
                on.cache.flush()
                assert on.cache.stats().misses == len(counted)
            assert on.looked_up[0] == "miss"

    play(scene)


def test_an_outage_behind_a_known_failure_is_one_miss(bench: Bench) -> None:
    """Its sources are not asked again yet: nothing was fetched, and nothing is known."""

    async def scene() -> None:
        known_but_cold(bench)
        bench.fetcher.replies[SHOPIFY] = refused
        async with serving(bench) as on:
            on.cache.refresh(["shopify"])
            with pytest.raises(BusyError):
                await on.ask("shopify", fallback=Fallback.NOT_FOUND)
            assert on.looked_up == ["miss"]

    play(scene)


def test_who_knew_of_no_logo_before_it_was_fetched_does_not_fetch_it_again(bench: Bench) -> None:
    """A look-up that is answered late finds the fetch ended."""

    async def scene() -> None:
        known_but_cold(bench)
        async with serving(bench) as on:
            before = on.cache.lookup.find("shopify")
            await on.ask("shopify")
            on.service.records.put("shopify", before)
            assert told(await on.ask("shopify"))[0] == b"shopify"
            assert bench.fetcher.urls == [SHOPIFY]

    play(scene)


@pytest.mark.end_to_end
def test_an_entry_that_nobody_could_ask_for_yet_is_never_said_to_have_no_logo(bench: Bench) -> None:
    """Its lease is of a process elsewhere that has died: of this machine it would be found out."""

    async def scene() -> None:
        known_but_cold(bench)
        due = DueFilter(now=bench.clock())
        with bench.open() as dead:
            dead._context.repository.claim(["shopify"], now=bench.clock(), due=due)
        async with serving(bench, logo_timeout_seconds=0.1, on_demand_wait_seconds=60) as on:
            with pytest.raises(BusyError):
                await on.ask("shopify", fallback=Fallback.NOT_FOUND)
        async with serving(bench, offline=True) as on:
            with pytest.raises(BusyError):
                await on.ask("shopify", fallback=Fallback.NOT_FOUND)

    play(scene)


def test_no_logo_is_believed_for_its_own_time_and_then_asked_again(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            asked = bench.fetcher.urls.count(STRIPE)
            await on.ask("stripe")
            assert bench.fetcher.urls.count(STRIPE) == asked
            bench.clock.advance(days=4)
            await on.ask("stripe")
            task = on.service.admission.queue.find("stripe")
            assert task is not None
            await task
            assert bench.fetcher.urls.count(STRIPE) == asked + 1

    play(scene)


def test_a_first_fetch_that_finds_nothing_is_a_placeholder_or_none(bench: Bench) -> None:
    known_but_cold(bench)

    async def scene() -> None:
        async with serving(bench) as on:
            with pytest.raises(NoLogoError):
                await on.ask("stripe", fallback=Fallback.NOT_FOUND)
            assert told(await on.ask("stripe"))[1] is CacheState.PLACEHOLDER

    play(scene)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (OutcomeKind.NOT_FOUND, NoLogoError),
        (OutcomeKind.TRANSIENT, BusyError),
        (OutcomeKind.THROTTLED, BusyError),
        (OutcomeKind.BLOCKED, BusyError),
        (OutcomeKind.NOT_ASKED, BusyError),
        (OutcomeKind.ERROR, BusyError),
    ],
)
def test_no_logo_is_never_said_when_a_source_could_not_be_asked(
    bench: Bench, kind: OutcomeKind, error: type[Exception]
) -> None:
    known_but_cold(bench)
    bench.fetcher.replies[STRIPE] = reply(kind, reason="as it may be")

    async def scene() -> None:
        async with serving(bench) as on:
            for _ in range(2):  # when it is fetched, and from what is stored then
                with pytest.raises(error):
                    await on.ask("stripe", fallback=Fallback.NOT_FOUND)
                assert (await on.ask("stripe")).state is CacheState.PLACEHOLDER

    play(scene)


def test_who_asks_no_network_is_told_that_there_is_none(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench, offline=True) as on:
            on.cache.init()
            with pytest.raises(NoLogoError):
                await on.ask("stripe", fallback=Fallback.NOT_FOUND)

    play(scene)
