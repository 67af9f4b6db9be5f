"""The answers of the logo routes, apart from HTTP."""

import asyncio

import pytest

from harness.bench import SHOPIFY, Bench
from harness.fakes import reply
from harness.service import (
    CLIENT,
    SMALL,
    Gate,
    known_but_cold,
    play,
    serving,
    told,
)
from logocache.errors import DomainError, UnknownKeyError
from logocache.model import OutcomeKind
from logocache.server.requests import (
    CacheState,
    Fallback,
    LogoRequest,
    NoLogoError,
)
from logocache.settings.server import OnDemand


def test_a_stored_logo_is_a_hit_and_from_then_on_in_memory(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            question = LogoRequest("shopify.test")
            assert on.service.from_memory(question) is None
            assert told(await on.service.logo(question, CLIENT)) == (b"shopify", CacheState.HIT, 86_400)
            served = on.service.from_memory(question)
            assert served is not None
            assert told(served) == (b"shopify", CacheState.HIT, 86_400)
            assert on.looked_up == ["hit", "hit"]
            on.cache.flush()
            assert on.cache.stats().hits == 2

    play(scene)


def test_a_variant_is_sent_in_its_own_form(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            served = await on.ask("shopify", variant=SMALL)
            assert served.body.content == b"64-webp of shopify"
            assert served.body.media_type == "image/webp"
            await on.ask("shopify", variant=SMALL)
            assert len(bench.images.derived) == 1

    play(scene)


def test_freshness_runs_out_and_a_stale_logo_is_served_while_it_is_refreshed(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            bench.clock.advance(days=7, seconds=-100)
            assert told(await on.ask("shopify")) == (b"shopify", CacheState.HIT, 100)
            bench.clock.advance(days=1)
            gate = Gate(b"shopify, new")
            bench.fetcher.replies[SHOPIFY] = gate
            assert told(await on.ask("shopify")) == (b"shopify", CacheState.STALE, 60)
            await gate.until_asked()
            assert told(await on.ask("shopify")) == (b"shopify", CacheState.STALE, 60)
            gate.may_answer.set()
            task = on.service.admission.queue.find("shopify")
            assert task is not None
            await task
            await asyncio.sleep(0)
            assert told(await on.ask("shopify"))[:2] == (b"shopify, new", CacheState.HIT)
            assert bench.fetcher.urls.count(SHOPIFY) == 2

    play(scene)


def test_a_stale_logo_goes_on_when_its_source_is_down(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            bench.clock.advance(days=8)
            bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="HTTP 503", status=503)
            for _ in range(3):
                assert told(await on.ask("shopify")) == (b"shopify", CacheState.STALE, 60)
                task = on.service.admission.queue.find("shopify")
                if task is not None:
                    await task
            assert bench.fetcher.urls.count(SHOPIFY) == 2  # the failure has its own next attempt

    play(scene)


@pytest.mark.parametrize("policy", [OnDemand.CATALOG, OnDemand.ANY])
def test_first_access_fetches(bench: Bench, policy: OnDemand) -> None:
    known_but_cold(bench)

    async def scene() -> None:
        async with serving(bench, on_demand=policy) as on:
            assert told(await on.ask("slack"))[:2] == (b"slack", CacheState.MISS)
            assert told(await on.ask("slack"))[:2] == (b"slack", CacheState.HIT)
            assert on.looked_up == ["miss", "hit"]

    play(scene)


def test_a_new_domain_is_fetched_where_any_is_allowed(bench: Bench) -> None:
    bench.fetcher.replies["https://example.com/icon.png"] = reply(body=b"example")

    async def scene() -> None:
        async with serving(bench, on_demand=OnDemand.ANY) as on:
            on.cache.init()
            assert told(await on.ask("www.example.com"))[:2] == (b"example", CacheState.MISS)
            assert told(await on.ask("example.com"))[:2] == (b"example", CacheState.HIT)

    play(scene)


@pytest.mark.parametrize(
    ("policy", "name"),
    [(OnDemand.OFF, "slack"), (OnDemand.OFF, "example.com"), (OnDemand.CATALOG, "example.com")],
)
def test_what_the_policy_forbids_is_not_fetched(bench: Bench, policy: OnDemand, name: str) -> None:
    known_but_cold(bench)

    async def scene() -> None:
        async with serving(bench, on_demand=policy) as on:
            with pytest.raises(NoLogoError):
                await on.ask(name, fallback=Fallback.NOT_FOUND)
            served = await on.ask(name)
            assert served.state is CacheState.PLACEHOLDER
            assert served.body.content == f"monogram {name}".encode()
            assert bench.fetcher.asked == []

    play(scene)


def test_with_the_policy_off_nothing_is_refreshed_behind(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench, on_demand=OnDemand.OFF) as on:
            on.cache.init()
            bench.clock.advance(days=8)
            assert (await on.ask("shopify")).state is CacheState.STALE
            assert on.service.admission.queue.find("shopify") is None

    play(scene)


def test_an_entry_that_gave_way_to_others_is_made_again_for_who_asks(bench: Bench) -> None:
    """Another process forgot it a moment ago, and nobody has looked since."""
    bench.fetcher.replies["https://first.test/icon.png"] = reply(body=b"first")

    async def scene() -> None:
        async with serving(bench, on_demand=OnDemand.ANY, on_demand_max_entries=1, hot_memory_mb=0) as on:
            on.cache.init()
            await on.ask("first.test")
            await asyncio.to_thread(on.cache.lookup.admit, "second.test")
            assert await asyncio.to_thread(on.cache.lookup.records, ["first.test"]) == []
            served = await on.ask("first.test", variant=SMALL, fallback=Fallback.NOT_FOUND)
            assert (served.body.content, served.state) == (b"64-webp of first", CacheState.MISS)

    play(scene)


@pytest.mark.parametrize(
    ("name", "error"), [("nobody", UnknownKeyError), ("127.0.0.1", DomainError), ("a..b", DomainError)]
)
def test_what_is_no_name_is_refused(bench: Bench, name: str, error: type[Exception]) -> None:
    async def scene() -> None:
        async with serving(bench, on_demand=OnDemand.ANY) as on:
            on.cache.init()
            with pytest.raises(error):
                await on.ask(name)

    play(scene)
