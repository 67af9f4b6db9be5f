"""LogoCache: single logos fetched for someone who waits."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.bench import SHOPIFY, SLACK, STRIPE, Bench
from harness.factories import files_by_key, make_integration
from harness.fakes import FakeProvider, Reply, reply
from logocache.cache import LogoCache
from logocache.errors import DatabaseError, DirectoryError
from logocache.model import OutcomeKind, Status
from logocache.operations.on_demand import FetchState
from logocache.ports import Answer, FetchRequest
from logocache.repository.mapping import SavedFetch


def init_without_fetching(bench: Bench) -> None:
    """The catalogue is known, and nothing is fetched yet."""
    with bench.open() as cache:
        cache.init([bench.integrations[0].key])
        with cache._context.repository.unit() as unit:
            unit.clear(files_by_key(cache.lookup.records([bench.integrations[0].key])))


def test_a_due_entry_is_fetched_and_stored(bench: Bench) -> None:
    init_without_fetching(bench)
    with bench.open() as cache:
        told: list[Sequence[SavedFetch]] = []
        cache.watch(told.append)
        fetched = cache.on_demand.fetch("shopify")
        assert fetched.state is FetchState.DONE
        assert fetched.record is not None
        assert fetched.record.status is Status.CACHED
        assert fetched.record.file is not None
        assert cache.lookup.read(fetched.record.file) == b"shopify"
        assert [[fetch.record.key for fetch in fetches] for fetches in told if fetches] == [["shopify"]]


def test_what_is_not_due_is_left_alone_unless_forced(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        asked = len(bench.fetcher.asked)
        assert cache.on_demand.fetch("shopify").state is FetchState.NOT_DUE
        assert len(bench.fetcher.asked) == asked
        assert cache.on_demand.fetch("shopify", forced=True).state is FetchState.DONE
        assert len(bench.fetcher.asked) == asked + 1


def test_an_entry_that_does_not_exist_is_not_due(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        fetched = cache.on_demand.fetch("nobody")
    assert (fetched.state, fetched.record) == (FetchState.NOT_DUE, None)


def test_one_process_fetches_and_the_others_are_told_so(bench: Bench) -> None:
    init_without_fetching(bench)
    asked, may_answer = threading.Event(), threading.Event()

    def slow(request: FetchRequest) -> Answer:
        asked.set()
        assert may_answer.wait(10)
        return reply(body=b"shopify")

    bench.fetcher.replies[SHOPIFY] = slow
    with bench.open() as first, bench.open() as second:
        states: list[FetchState] = []
        thread = threading.Thread(target=lambda: states.append(first.on_demand.fetch("shopify").state))
        thread.start()
        assert asked.wait(10)
        assert second.on_demand.fetch("shopify").state is FetchState.ELSEWHERE
        assert second.on_demand.fetch("shopify", forced=True).state is FetchState.ELSEWHERE
        may_answer.set()
        thread.join(10)
        assert states == [FetchState.DONE]
        assert bench.fetcher.urls.count(SHOPIFY) == 2  # once to know it, once now


def test_offline_nobody_is_waited_for(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    bench.clock.advance(days=8)
    with bench.open(offline=True) as cache:
        assert cache.on_demand.fetch("shopify").state is FetchState.NOT_DUE


@pytest.mark.parametrize("forced", [False, True])
def test_a_failed_refresh_keeps_the_logo(bench: Bench, *, forced: bool) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="HTTP 503", status=503)
        bench.clock.advance(days=8)
        record = cache.on_demand.fetch("shopify", forced=forced).record
        assert record is not None
        assert record.file is not None
        assert (record.status, record.failure_count) == (Status.CACHED, 1)
        assert cache.lookup.read(record.file) == b"shopify"


def test_a_full_disk_is_an_error_and_ends_the_lease(bench: Bench, tmp_path: Path) -> None:
    init_without_fetching(bench)
    with bench.open() as cache:
        temporary = cache.settings.private_dir / "tmp"
        temporary.rmdir()
        temporary.write_text("in the way", encoding="utf-8")
        with pytest.raises(DirectoryError):
            cache.on_demand.fetch("shopify")
        temporary.unlink()
        assert cache.on_demand.fetch("shopify").state is FetchState.DONE


def test_leases_in_work_can_be_given_up(bench: Bench) -> None:
    init_without_fetching(bench)
    asked, may_answer = threading.Event(), threading.Event()

    def slow(request: FetchRequest) -> Answer:
        asked.set()
        assert may_answer.wait(10)
        return reply(OutcomeKind.NOT_ASKED, reason="closed")

    bench.fetcher.replies[SHOPIFY] = slow
    with bench.open() as first, bench.open() as second:
        thread = threading.Thread(target=lambda: first.on_demand.fetch("shopify"))
        thread.start()
        assert asked.wait(10)
        first.interrupt()
        assert bench.fetcher.closed
        bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify")
        assert second.on_demand.fetch("shopify").state is FetchState.DONE
        may_answer.set()
        thread.join(10)
        record = second.lookup.find("shopify")
    assert record is not None
    assert record.status is Status.CACHED


def test_what_is_cut_off_by_the_end_of_the_program_leaves_the_entry_as_it_was(bench: Bench) -> None:
    init_without_fetching(bench)
    with bench.open() as cache:
        before = cache.lookup.find("shopify")

        def cut_off(request: FetchRequest) -> Answer:
            cache.interrupt()
            return reply(OutcomeKind.NOT_ASKED, reason="closed")

        bench.fetcher.replies[SHOPIFY] = cut_off
        assert cache.on_demand.fetch("shopify").state is FetchState.NOT_DUE
        assert cache.lookup.find("shopify") == before
    assert not list((cache.settings.private_dir / "tmp").iterdir())
    bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify")
    with bench.open() as cache:
        assert cache.on_demand.fetch("shopify").state is FetchState.DONE


def test_a_run_that_is_cut_off_claims_no_more(bench: Bench) -> None:
    init_without_fetching(bench)
    with bench.open(concurrency=1) as cache:
        before = cache.lookup.records(["shopify", "slack", "stripe"])

        def cut_off(request: FetchRequest) -> Answer:
            cache.interrupt()
            return reply(OutcomeKind.NOT_ASKED, reason="closed")

        for url in (SHOPIFY, SLACK, STRIPE):
            bench.fetcher.replies[url] = cut_off
        assert cache.refresh().asked == 0
        assert cache.lookup.records(["shopify", "slack", "stripe"]) == before


def test_interrupting_goes_on_without_the_database(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench.open() as cache:
        cache.init()
        cache.on_demand._claimed["shopify"] = cache.lookup.records(["shopify"])[0]

        def away(claimed: object) -> None:
            raise DatabaseError("the database is away", hint="wait")

        monkeypatch.setattr(cache._context.repository, "release", away)
        cache.interrupt()
    assert bench.fetcher.closed


def guessing(bench: Bench, *domains: str, probe: Reply) -> Bench:
    """A provider that has the same picture for all these domains, of which those in `.test` are wanted."""
    integrations = [
        make_integration(domain.removesuffix(".test"), domain=domain)
        for domain in domains
        if domain.endswith(".test")
    ]
    provider = FakeProvider("guess", urls=["https://{domain}/icon.png"], learns_placeholder=True)
    replies = {f"https://{domain}/icon.png": reply(body=b"picture") for domain in domains}
    made = Bench(bench.folder, integrations=integrations, chain=[provider], replies=replies)
    made.fetcher.probe = probe
    return made


def fetch_all(cache: LogoCache, bench: Bench, *domains: str) -> list[Status]:
    """Fetch each of them for somebody who waits; what is stored for them at the end."""
    cache._context.store.prepare()
    cache._context.repository.migrate()
    cache._context.repository.register(bench.integrations, now=bench.clock())
    keys = []
    for domain in domains:
        record = cache.lookup.find(domain) or cache.lookup.admit(domain)
        assert record is not None
        cache.on_demand.fetch(record.key, forced=True)
        keys.append(record.key)
    by_key = {record.key: record.status for record in cache.lookup.records(keys)}
    return [by_key[key] for key in keys]


def test_a_stand_in_that_is_found_out_is_taken_back(bench: Bench) -> None:
    """The provider could not be asked at first; then it showed what it sends for "none"."""
    answers = iter([reply(OutcomeKind.TRANSIENT, reason="down"), reply(body=b"picture")])
    companies = ("alpha.test", "beta.test")
    bench = guessing(bench, *companies, probe=lambda _: next(answers))
    with bench.open() as cache:
        assert fetch_all(cache, bench, *companies) == [Status.PLACEHOLDER] * 2


def test_what_many_share_is_kept_from_newcomers_and_taken_from_nobody(bench: Bench) -> None:
    companies = ("alpha.test", "beta.test", "gamma.test", "delta.test")
    bench = guessing(bench, *companies, probe=reply(OutcomeKind.NOT_FOUND))
    with bench.open() as cache:
        expected = [Status.CACHED] * 3 + [Status.PLACEHOLDER]
        assert fetch_all(cache, bench, *companies) == expected
        bench.clock.advance(days=8)
        assert fetch_all(cache, bench, *companies) == expected, "nor by a refresh"


@pytest.mark.parametrize(
    "strangers",
    [
        pytest.param(("one.github.io", "two.github.io", "three.github.io"), id="free sub-domains"),
        pytest.param(
            ("a.vercel.app", "b.myshopify.com", "c.github.io", "d.pages.dev"), id="of many platforms"
        ),
        pytest.param(("evil1.com", "evil2.net", "evil3.org", "evil4.xyz"), id="cheap domains"),
    ],
)
@pytest.mark.parametrize("came", ["before", "after"])
def test_strangers_that_copy_a_logo_do_not_take_it_away(
    bench: Bench, strangers: tuple[str, ...], came: str
) -> None:
    order = (*strangers, "acme.test") if came == "before" else ("acme.test", *strangers, "acme.test")
    bench = guessing(bench, "acme.test", *strangers, probe=reply(OutcomeKind.NOT_FOUND))
    with bench.open(on_demand="any") as cache:
        assert fetch_all(cache, bench, *order)[-1] is Status.CACHED
        record = cache.lookup.find("acme.test")
        assert record is not None
        assert record.failure_count == 0
