"""LogoCache: a lost database costs no logo whose file is there."""

import os
from pathlib import Path

import pytest

from harness.bench import SHOPIFY, SLACK, Bench, Steps
from harness.factories import DAY
from harness.fakes import FakeProvider, reply, sha256
from logocache.cache import LogoCache
from logocache.model import LogoRecord, OutcomeKind, Status
from logocache.ports import ImageRejection

DOWN = reply(OutcomeKind.TRANSIENT, reason="down")


@pytest.fixture
def stocked(bench: Bench) -> Bench:
    """With logos, and then without a database."""
    with bench.open() as cache:
        cache.init()
    lose_database(bench)
    return bench


def lose_database(bench: Bench) -> None:
    for path in (bench.folder / "logos" / ".logocache").glob("logocache.db*"):
        path.unlink()


def row(cache: LogoCache, key: str) -> LogoRecord:
    record = cache.lookup.find(key)
    assert record is not None
    return record


def put(bench: Bench, key: str, content: bytes) -> Path:
    path = bench.folder / "logos" / f"{key}_{sha256(content)[:8]}.png"
    path.write_bytes(content)
    return path


def test_files_become_entries_again_while_all_sources_are_away(stocked: Bench) -> None:
    for url in (SHOPIFY, SLACK):
        stocked.fetcher.replies[url] = DOWN
    with stocked.open() as cache:
        cache.init()
        for key, body in (("shopify", b"shopify"), ("slack", b"slack")):
            record = row(cache, key)
            assert (record.status, record.provider) == (Status.CACHED, "recovered")
            assert record.file is not None
            assert (record.file.sha256, record.file.size) == (sha256(body), len(body))
            assert (record.file.width, record.file.height) == (128, 128)
            assert record.next_attempt_at is not None
            assert record.next_attempt_at <= stocked.clock() + DAY
        assert row(cache, "stripe").status is Status.PLACEHOLDER, "a monogram is taken for no logo"
        assert cache.verify().ok


def test_sources_that_are_there_say_whose_the_files_are(stocked: Bench) -> None:
    with stocked.open() as cache:
        cache.init()
        assert (row(cache, "shopify").provider, row(cache, "shopify").source_url) == ("site", SHOPIFY)
        assert cache.verify().ok


def test_a_recovered_logo_gives_way_to_none_that_is_worse(stocked: Bench) -> None:
    """While its site is down nobody knows whether it came from there; once it has said no, it did not."""
    stocked.chain = [*stocked.chain, FakeProvider("iconsets", bodies={"set:mark": b"a mark"})]
    stocked.fetcher.replies[SHOPIFY] = DOWN
    with stocked.open() as cache:
        cache.init()
        assert row(cache, "shopify").provider == "recovered"
        stocked.fetcher.replies[SHOPIFY] = reply(OutcomeKind.NOT_FOUND)
        cache.refresh(["shopify"])
        assert row(cache, "shopify").provider == "iconsets"


def test_what_is_damaged_or_nobodys_stays_as_it_is(bench: Bench) -> None:
    with bench.open() as cache:
        cache._context.store.prepare()
    bench.fetcher.replies.clear()
    good = put(bench, "shopify", b"good")
    newer = put(bench, "shopify", b"broken")
    bench.images.results[b"broken"] = ImageRejection(reason="broken")
    os.utime(good, (1, 1))
    lying = put(bench, "slack", b"slack")
    lying.write_bytes(b"other bytes")
    stranger = put(bench, "nobody", b"nobody's")
    domain = put(bench, "example.com", b"a domain's")
    photo = bench.folder / "logos" / "screenshot_20240115.png"
    photo.write_bytes(b"a photo")
    with bench.open() as cache:
        cache.init()
        assert row(cache, "shopify").provider == "recovered"
        record = row(cache, "shopify")
        assert record.file is not None
        assert record.file.name == good.name
        assert row(cache, "slack").status is Status.PLACEHOLDER
        assert cache.lookup.find("example.com") is None
    for path in (good, newer, lying, stranger, domain, photo):
        assert path.exists()


def test_files_of_domains_are_recovered_where_any_domain_may_be_an_entry(bench: Bench) -> None:
    with bench.open() as cache:
        cache._context.store.prepare()
    put(bench, "example.com", b"a domain's")
    put(bench, "127.0.0.1", b"no domain's")
    with bench.open(on_demand="any") as cache:
        cache.init()
        assert row(cache, "example.com").provider == "recovered"
        assert {entry.key for entry in cache.list().entries} == {"example.com", "shopify", "slack", "stripe"}


def test_each_key_whose_files_are_looked_at_is_a_step(stocked: Bench) -> None:
    put(stocked, "nobody", b"nobody's")
    steps = Steps()
    with stocked.open() as cache:
        cache.init(progress=steps)
    recovering, fetching = {"nobody", "shopify", "slack", "stripe"}, {"shopify", "slack", "stripe"}
    assert set(steps.labels[: len(recovering)]) == recovering
    assert set(steps.labels[len(recovering) :]) == fetching
    assert steps.verbs == ["looked at the files of", ""]


def test_the_size_limit_holds_for_what_is_recovered(stocked: Bench) -> None:
    for url in (SHOPIFY, SLACK):
        stocked.fetcher.replies[url] = DOWN
    with stocked.open(max_size_mb=8 / 1_000_000) as cache:
        cache.init()
        assert cache.stats().size_bytes <= 8


def test_entries_that_have_files_are_left_alone(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        put(bench, "shopify", b"another")
        before = row(cache, "shopify")
        assert cache.init().asked == 0
        assert row(cache, "shopify") == before
