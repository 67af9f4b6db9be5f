"""LogoCache: clear, with real files and a real database, among fake sources."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from harness.bench import SHOPIFY, SLACK, Bench
from harness.factories import DAY, make_integration
from harness.fakes import reply, sha256
from harness.service import Gate
from logocache import SelectionError
from logocache.model import Origin, Status
from logocache.ports import Answer, FetchRequest
from logocache.queries import ClearSelection


def test_a_plan_changes_nothing_and_names_what_goes(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        before = bench.files
        bench.clock.advance(days=31)
        plan = cache.plan_clear(ClearSelection(older_than=30 * DAY))
        assert {logo.key for logo in plan.logos} == {"shopify", "slack", "stripe"}
        assert plan.freed_bytes == sum(map(len, before.values()))
        assert bench.files == before


def test_clearing_takes_away_file_and_facts(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        report = cache.clear(cache.plan_clear(ClearSelection(keys=("shopify",))))
        assert ([logo.key for logo in report.logos], report.freed_bytes) == (["shopify"], 7)
        assert cache.get("shopify") is None
        assert b"shopify" not in bench.files.values()
        assert [logo.key for logo in cache.init().logos] == ["shopify"], "it is due at once"


def test_clearing_takes_away_earlier_files_too(bench: Bench) -> None:
    """All of a source goes, as its terms may demand."""
    with bench.open() as cache:
        cache.init(["shopify"])
        bench.fetcher.replies[SHOPIFY] = reply(body=b"new shopify")
        cache.refresh(["shopify"])
        cache.clear(cache.plan_clear(ClearSelection(providers=("site",))))
        assert bench.files == {}
        assert cache.stats().replaced_files == 0


def test_what_changed_since_the_plan_stays(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        plan = cache.plan_clear(ClearSelection(keys=("shopify", "slack")))
        bench.fetcher.replies[SHOPIFY] = reply(body=b"new shopify")
        cache.refresh(["shopify"])
        assert [logo.key for logo in cache.clear(plan).logos] == ["slack"]
        assert b"new shopify" in bench.files.values()


def test_pinned_entries_go_only_when_named(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        integrations=[make_integration("shopify", pinned=True), make_integration("slack")],
        replies={SHOPIFY: reply(body=b"shopify"), SLACK: reply(body=b"slack")},
    )
    with bench.open() as cache:
        cache.init()
        plan = cache.plan_clear(ClearSelection(everything=True))
        assert ([logo.key for logo in plan.logos], plan.pinned_kept) == (["slack"], 1)
        assert [logo.key for logo in cache.plan_clear(ClearSelection(keys=("shopify",))).logos] == ["shopify"]


@pytest.mark.parametrize(
    ("selection", "keys"),
    [
        (ClearSelection(providers=("monogram",)), ["stripe"]),
        (ClearSelection(statuses=(Status.CACHED,)), ["shopify", "slack"]),
        (ClearSelection(statuses=(Status.CACHED,), providers=("monogram",)), []),
        (ClearSelection(older_than=timedelta(hours=1)), []),
    ],
    ids=["provider", "status", "both", "too young"],
)
def test_conditions_must_all_hold(bench: Bench, selection: ClearSelection, keys: list[str]) -> None:
    with bench.open() as cache:
        cache.init()
        assert [logo.key for logo in cache.plan_clear(selection).logos] == keys


def test_orphans_are_cleared_when_asked_for(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        stray = bench.folder / "logos" / f"stray_{sha256(b'stray')[:8]}.png"
        stray.write_bytes(b"stray")
        strangers = [stray.with_name("notes.txt"), stray.with_name("screenshot_20240115.png")]
        for stranger in strangers:
            stranger.write_bytes(b"somebody's")
        plan = cache.plan_clear(ClearSelection(orphans=True))
        assert ([orphan.file for orphan in plan.orphans], plan.logos) == ([stray.name], ())
        assert [each.file for each in plan.strangers] == [each.name for each in strangers]
        report = cache.clear(plan)
        assert (report.freed_bytes, report.strangers) == (5, plan.strangers)
        assert not stray.exists()
        assert all(stranger.exists() for stranger in strangers)
        assert cache.plan_clear(ClearSelection(orphans=True)).is_empty


def test_clearing_nothing_is_refused(bench: Bench) -> None:
    with bench.open() as cache, pytest.raises(SelectionError):
        cache.plan_clear(ClearSelection())


def test_a_fetch_that_was_overtaken_by_clear_saves_nothing(bench: Bench) -> None:
    """The row would name the file that was cleared away: its source has confirmed it."""
    gates = [Gate(b"shopify"), Gate(b"shopify")]
    waiting = iter(gates)

    def slow(request: FetchRequest) -> Answer:
        return next(waiting)(request)

    with bench.open() as server, bench.open() as other, ThreadPoolExecutor(2) as pool:
        server.init()
        bench.fetcher.replies[SHOPIFY] = slow
        first = pool.submit(server.on_demand.fetch, "shopify", forced=True)
        assert gates[0].was_asked.wait(20)
        other.clear(other.plan_clear(ClearSelection(keys=("shopify",))))
        second = pool.submit(server.on_demand.fetch, "shopify", forced=True)
        assert gates[1].was_asked.wait(20)
        gates[0].may_answer.set()
        first.result(20)
        record = server.lookup.find("shopify")
        assert record is not None
        assert record.file is None, "the second fetch is under way, and the first one is of no account"
        assert b"shopify" not in bench.files.values()
        gates[1].may_answer.set()
        second.result(20)
        assert b"shopify" in bench.files.values()
        assert server.verify().findings == ()


@pytest.mark.parametrize("origin", [Origin.CATALOG, Origin.ON_DEMAND])
def test_clearing_an_entry_that_is_fetched_for_the_first_time_ends_that(
    tmp_path: Path, migrated_url: str, origin: Origin
) -> None:
    gate = Gate(b"shopify")
    bench = Bench(
        tmp_path,
        integrations=[make_integration("shopify", origin=origin)],
        replies={SHOPIFY: gate},
        settings={"database_url": migrated_url},
    )
    with bench.open() as server, bench.open() as other, ThreadPoolExecutor(1) as pool:
        server._context.store.prepare()
        server._context.repository.migrate()
        server._context.repository.register(bench.integrations, now=bench.clock())
        fetch = pool.submit(server.on_demand.fetch, "shopify")
        assert gate.was_asked.wait(20)
        plan = other.plan_clear(ClearSelection(keys=("shopify",)))
        assert (plan.fetching, plan.is_empty) == (("shopify",), True)
        assert other.clear(plan).fetching == ("shopify",)
        gate.may_answer.set()
        fetch.result(20)
        record = other.lookup.find("shopify")
        assert bench.files == {}
        assert (record is None) is (origin is Origin.ON_DEMAND)
        if record is not None:
            assert (record.file, record.lease, record.next_attempt_at) == (None, None, None)
        assert not list((server.settings.private_dir / "tmp").iterdir())
