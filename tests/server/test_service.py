"""What the logo routes answer, apart from HTTP."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.bench import SHOPIFY, SLACK, STRIPE, Bench, SetClock
from harness.factories import NOW
from harness.fakes import reply
from harness.service import (
    CLIENT,
    SMALL,
    Gate,
    Scene,
    known_but_cold,
    make_bench,
    many_strangers,
    play,
    serving,
    until,
)
from logocache.errors import DatabaseError, DomainError, UnknownKeyError
from logocache.model import OutcomeKind, Status
from logocache.ports import Answer, FetchRequest
from logocache.queries import ClearSelection, Variant
from logocache.repository.filters import DueFilter
from logocache.server.requests import (
    BusyError,
    CacheState,
    DisabledError,
    Fallback,
    FileRequest,
    LogoRequest,
    LogoResponse,
    MovedError,
    NoLogoError,
    TooManyMissesError,
)
from logocache.settings import OnDemand


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The service reads the machine's clock for what is stale: both stand still here."""
    bench = make_bench(tmp_path)
    monkeypatch.setattr(time, "time", lambda: bench.clock().timestamp())
    return bench


def told(served: LogoResponse) -> tuple[bytes, CacheState, int]:
    return served.body.content, served.state, served.max_age


def file_of(scene: Scene, name: str) -> str:
    record = scene.cache.lookup.find(name)
    assert record is not None
    assert record.file is not None
    return record.file.name


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


def test_a_placeholder_is_sent_where_it_is_wanted_and_never_for_long(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            assert told(await on.ask("stripe")) == (b"monogram stripe", CacheState.PLACEHOLDER, 300)
            with pytest.raises(NoLogoError):
                await on.ask("stripe", fallback=Fallback.NOT_FOUND)
            assert on.looked_up == ["placeholder", "miss"]

    play(scene)


def refused(_: FetchRequest) -> Answer:
    return reply(OutcomeKind.TRANSIENT, reason="HTTP 503", status=503)


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
                counted = [each for each in on.looked_up if each == "miss"]
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


@pytest.mark.end_to_end
def test_500_clients_on_one_cold_key_cause_one_fetch(bench: Bench) -> None:
    known_but_cold(bench)
    gate = Gate(b"slack")
    bench.fetcher.replies[SLACK] = gate

    async def scene() -> None:
        async with serving(bench) as on:
            names = ["slack", "slack.test", "Slack", "https://www.slack.test/"]
            asking = [
                asyncio.create_task(on.ask(names[number % 4], client=f"10.0.{number // 250}.{number % 250}"))
                for number in range(500)
            ]
            await gate.until_asked()
            gate.may_answer.set()
            assert {told(each)[0] for each in await asyncio.gather(*asking)} == {b"slack"}
            assert bench.fetcher.urls == [SLACK]

    play(scene)


def test_another_process_that_fetches_it_is_waited_for(bench: Bench) -> None:
    known_but_cold(bench)
    gate = Gate(b"slack")
    bench.fetcher.replies[SLACK] = gate

    async def scene() -> None:
        async with serving(bench) as one, serving(bench) as two:
            first = asyncio.create_task(one.ask("slack"))
            await gate.until_asked()
            second = asyncio.create_task(two.ask("slack"))
            await until(lambda: two.service.admission.queue.find("slack") is not None)
            gate.may_answer.set()
            assert told(await first)[0] == told(await second)[0] == b"slack"
            assert bench.fetcher.urls == [SLACK]

    play(scene)


def test_beyond_the_queue_the_answer_comes_at_once(tmp_path: Path) -> None:
    bench = many_strangers(tmp_path, 5, concurrency=1, on_demand_queue=1)
    known_but_cold(bench)
    gate = Gate()
    bench.fetcher.replies["https://company0.test/icon.png"] = gate

    async def scene() -> None:
        async with serving(bench) as on:
            first = asyncio.create_task(on.ask("company0"))
            await gate.until_asked()
            second = asyncio.create_task(on.ask("company1"))
            await until(lambda: on.service.admission.queue.find("company1") is not None)
            assert on.service.admission.queue.waiting == 1
            assert told(await on.ask("company2"))[:2] == (b"monogram company2", CacheState.PLACEHOLDER)
            with pytest.raises(BusyError):
                await on.ask("company3", fallback=Fallback.NOT_FOUND)
            with pytest.raises(BusyError):
                await on.service.refresh("company4")
            gate.may_answer.set()
            await asyncio.gather(first, second)
            assert told(await on.ask("company2"))[:2] == (b"company2", CacheState.MISS)

    play(scene)


def test_a_slow_source_is_not_waited_for_for_ever_and_its_logo_is_not_lost(bench: Bench) -> None:
    known_but_cold(bench)
    gate = Gate(b"slack")
    bench.fetcher.replies[SLACK] = gate

    async def scene() -> None:
        async with serving(bench, on_demand_wait_seconds=0.01) as on:
            assert (await on.ask("slack")).state is CacheState.PLACEHOLDER
            with pytest.raises(BusyError, match="not answered yet"):
                await on.ask("slack", fallback=Fallback.NOT_FOUND)
            task = on.service.admission.queue.find("slack")
            assert task is not None
            gate.may_answer.set()
            await task
            await on.follow_changes()
            assert told(await on.ask("slack"))[:2] == (b"slack", CacheState.HIT)
            assert bench.fetcher.urls == [SLACK]

    play(scene)


@pytest.mark.end_to_end
def test_hot_logos_are_answered_while_300_cold_ones_wait_for_a_slow_source(tmp_path: Path) -> None:
    patient = {"misses_per_minute": 0, "on_demand_wait_seconds": 120}
    bench = many_strangers(tmp_path, 301, concurrency=4, on_demand_queue=400, **patient)
    known_but_cold(bench)
    gates = {f"https://company{number}.test/icon.png": Gate() for number in range(1, 301)}
    bench.fetcher.replies.update(gates)

    async def scene() -> None:
        async with serving(bench) as on:
            await on.ask("company0")
            waiting = [asyncio.create_task(on.ask(f"company{number}")) for number in range(1, 301)]
            await until(lambda: on.service.admission.queue.waiting == 296)
            assert told(await on.ask("company0"))[:2] == (b"company0", CacheState.HIT)
            assert (await asyncio.to_thread(on.cache.health)).total_files == 1
            for gate in gates.values():
                gate.may_answer.set()
            assert {(await each).state for each in waiting} == {CacheState.MISS}

    play(scene)


def test_a_client_may_cause_only_so_many_fetches(tmp_path: Path) -> None:
    bench = many_strangers(tmp_path, 4, misses_per_minute=2)
    known_but_cold(bench)

    async def scene() -> None:
        async with serving(bench) as on:
            for number in (0, 1):
                assert (await on.ask(f"company{number}")).state is CacheState.MISS
            with pytest.raises(TooManyMissesError) as refused:
                await on.ask("company2", fallback=Fallback.NOT_FOUND)
            assert 0 < refused.value.retry_after <= 30
            assert (await on.ask("company2")).state is CacheState.PLACEHOLDER
            assert (await on.ask("company0")).state is CacheState.HIT
            assert (await on.ask("company2", client="192.0.2.2")).state is CacheState.MISS

    play(scene)


def test_a_client_may_cause_only_so_much_drawing(bench: Bench) -> None:
    """Each size is a picture to be made; so is each monogram of a name that nobody knows."""

    async def scene() -> None:
        async with serving(bench, misses_per_minute=1) as on:
            on.cache.init()
            for size in range(100, 110):
                await on.ask("shopify", variant=Variant(size=size))
            with pytest.raises(TooManyMissesError):
                await on.ask("shopify", variant=Variant(size=200))
            with pytest.raises(TooManyMissesError):
                await on.ask("example.com")
            assert (await on.ask("shopify", variant=Variant(size=100))).state is CacheState.HIT
            assert (await on.ask("shopify")).state is CacheState.HIT
            assert (
                await on.ask("shopify", variant=Variant(size=200), client="192.0.2.2")
            ).state is CacheState.HIT

    play(scene)


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_damaged_file_is_fetched_again_and_never_served(bench: Bench, damage: str) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            path = on.cache.settings.dir / file_of(on, "shopify")
            if damage == "gone":
                path.unlink()
            else:
                path.write_bytes(b"<script>")
            assert told(await on.ask("shopify"))[:2] == (b"shopify", CacheState.MISS)
            assert path.read_bytes() == b"shopify"

    play(scene)


@pytest.mark.parametrize("fallback", Fallback)
def test_a_lost_file_whose_source_is_down_costs_one_attempt_and_its_row_nothing(
    bench: Bench, fallback: Fallback
) -> None:
    """Until the next attempt is due, a monogram stands in, or "not now" is said: never "no logo"."""

    async def ask(on: Scene) -> CacheState | None:
        try:
            return (await on.ask("shopify", fallback=fallback)).state
        except BusyError:
            return None

    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            before = on.cache.lookup.find("shopify")
            (on.cache.settings.dir / file_of(on, "shopify")).unlink()
            bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="down")
            bench.fetcher.asked.clear()
            shown = {await ask(on) for _ in range(5)}
            assert shown == {CacheState.PLACEHOLDER if fallback is Fallback.MONOGRAM else None}
            assert bench.fetcher.urls == [SHOPIFY]
            after = on.cache.lookup.find("shopify")
            assert before is not None
            assert after is not None
            assert (after.file, after.provider, after.status) == (before.file, before.provider, before.status)
            bench.clock.advance(minutes=5)
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify")
            assert await ask(on) is CacheState.MISS

    play(scene)


def test_an_evicted_logo_is_fetched_again_when_asked_for(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            with on.cache._context.repository.unit() as unit:
                unit.evict(["shopify"], until=datetime(2099, 1, 1, tzinfo=UTC))
            assert told(await on.ask("shopify"))[:2] == (b"shopify", CacheState.MISS)

    play(scene)


def test_files_are_served_by_name_for_ever(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            question = FileRequest(file_of(on, "shopify"))
            assert on.service.from_memory(question) is None
            served = await on.service.file(question)
            assert (served.body.content, served.is_immutable) == (b"shopify", True)
            assert on.service.from_memory(question) is not None
            assert await on.service.file(question) == served
            on.cache.flush()
            record = on.cache.lookup.find("shopify")
            assert record is not None
            assert record.access_count == 3

    play(scene)


def test_an_old_name_leads_to_the_current_one(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench, replaced_retention_days=0) as on:
            on.cache.init()
            old = file_of(on, "shopify")
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
            on.cache.refresh(["shopify"])
            with pytest.raises(MovedError) as moved:
                await on.service.file(FileRequest(old))
            assert moved.value.file == file_of(on, "shopify") != old

    play(scene)


@pytest.mark.parametrize("name", ["nobody_00000000.png", "../../etc/passwd", ".logocache", "shopify.png"])
def test_other_files_are_not_there(bench: Bench, name: str) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            with pytest.raises(NoLogoError):
                await on.service.file(FileRequest(name))

    play(scene)


def test_a_damaged_file_is_not_served_by_name(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            name = file_of(on, "shopify")
            (on.cache.settings.dir / name).write_bytes(b"<script>")
            with pytest.raises(NoLogoError):
                await on.service.file(FileRequest(name))

    play(scene)


def test_a_change_by_another_process_is_seen(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            for name in ("shopify", "slack", "stripe"):
                await on.ask(name)
            await on.follow_changes()
            assert not await on.follow_changes()
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
            with bench.open() as another:
                another.refresh(["shopify"])
                another.clear(another.plan_clear(ClearSelection(keys=("slack",))))
            assert told(await on.ask("shopify"))[0] == b"shopify"
            assert await on.follow_changes()
            assert told(await on.ask("shopify"))[0] == b"shopify, new"
            assert told(await on.ask("slack"))[:2] == (b"slack", CacheState.MISS)

    play(scene)


def test_hits_go_on_without_the_database(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError("the database is away", hint="wait")

    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            await on.ask("shopify")
            bench.clock.advance(days=8)  # due, too: its refresh fails behind
            with monkeypatch.context() as trouble:
                for method in ("get", "find_by_domain", "claim", "generation", "record_accesses"):
                    trouble.setattr(on.cache._context.repository, method, away)
                for _ in range(3):
                    assert told(await on.ask("shopify"))[:2] == (b"shopify", CacheState.STALE)
                    task = on.service.admission.queue.find("shopify")
                    if task is not None:
                        await asyncio.wait([task])
                        await asyncio.sleep(0)
                with pytest.raises(DatabaseError):
                    await on.ask("slack")
                with pytest.raises(DatabaseError):
                    on.cache.flush()
            assert (await on.ask("slack")).state is CacheState.STALE
            on.cache.flush()
            assert on.cache.stats().stale_hits == 4

    play(scene)


def test_a_named_logo_is_fetched_whether_due_or_not(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
            record = await on.service.refresh("shopify.test")
            assert (record.key, record.status) == ("shopify", Status.CACHED)
            assert told(await on.ask("shopify"))[0] == b"shopify, new"
            with pytest.raises(NoLogoError):
                await on.service.refresh("example.com")

    play(scene)


def test_a_cache_that_is_switched_off_sends_nothing(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            name = file_of(on, "shopify")
        async with serving(bench, enabled=False) as off:
            assert off.service.from_memory(LogoRequest("shopify")) is None
            for asked in (
                off.ask("shopify"),
                off.service.refresh("shopify"),
                off.service.file(FileRequest(name)),
            ):
                with pytest.raises(DisabledError):
                    await asked

    play(scene)


def test_the_clock_of_these_tests_stands_still(bench: Bench) -> None:
    assert isinstance(bench.clock, SetClock)
    assert time.time() == NOW.timestamp()
