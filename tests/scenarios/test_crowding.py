"""LogoCache: what strangers and outages can cost others, at the size limit, on both databases."""

from pathlib import Path

import pytest

from harness.bench import Bench
from harness.factories import make_integration
from harness.fakes import FakeProvider, reply
from logocache.model import LogoRecord, OutcomeKind, Status
from logocache.operations.on_demand import FetchState

LOGOS = [f"company{number}" for number in range(10)]
LOGO_BYTES = sum(map(len, LOGOS))


@pytest.fixture
def crowd(tmp_path: Path, migrated_url: str) -> Bench:
    """Ten companies with logos, whose files fill the cache, and one after the other used."""
    integrations = [make_integration(key) for key in LOGOS]
    replies = {f"https://{key}.test/icon.png": reply(body=key.encode()) for key in LOGOS}
    bench = Bench(
        tmp_path,
        integrations=integrations,
        chain=[FakeProvider(urls=["https://{domain}/icon.png"])],
        replies=replies,
        settings={
            "database_url": migrated_url,
            "max_size_mb": LOGO_BYTES / 1_000_000,
            "on_demand": "any",
            "concurrency": 1,
        },
    )
    with bench.open() as cache:
        assert cache.init().found == len(LOGOS)
    return bench


def ask_for(bench: Bench, *domains: str) -> dict[str, LogoRecord]:
    """As a server does for somebody who waits."""
    with bench.open() as cache:
        records = {}
        for domain in domains:
            record = cache.lookup.admit(domain)
            assert record is not None
            fetched = cache.on_demand.fetch(record.key)
            assert fetched.state is FetchState.DONE
            assert fetched.record is not None
            records[domain] = fetched.record
        assert cache.verify().ok
    return records


def stored(bench: Bench) -> list[bytes]:
    return sorted(bench.files.values())


ALL_LOGOS = sorted(key.encode() for key in LOGOS)


def test_new_entries_in_an_outage_cost_no_logo(crowd: Bench) -> None:
    new = [make_integration(f"new{number}") for number in range(30)]
    crowd.integrations = [*crowd.integrations, *new]
    for each in new:
        crowd.fetcher.replies[f"https://{each.domain}/icon.png"] = reply(OutcomeKind.TRANSIENT, reason="down")
    with crowd.open() as cache:
        report = cache.init()
        assert (report.asked, report.evicted) == (30, 0)
        records = cache.lookup.records([item.key for item in new])
        assert {record.status for record in records} == {Status.PENDING}
        assert {each.last_outcome for each in records} == {OutcomeKind.TRANSIENT}, "as their sources said"
        assert {each.failure_count for each in records} == {1}
        assert cache.verify().ok
    assert stored(crowd) == ALL_LOGOS


@pytest.mark.end_to_end
def test_asking_for_unknown_domains_costs_no_logo(crowd: Bench) -> None:
    records = ask_for(crowd, *(f"nobody{number}.test" for number in range(40)))
    assert {record.status for record in records.values()} == {Status.PENDING}
    assert {value.last_outcome for value in records.values()} == {OutcomeKind.NOT_FOUND}
    assert stored(crowd) == ALL_LOGOS
    with crowd.open() as cache:
        assert cache.stats().evictions == 0
        assert not list((cache.settings.private_dir / "tmp").iterdir()), "nothing staged stays behind"


def test_logos_of_unknown_domains_cost_no_logo_of_the_catalogue(crowd: Bench) -> None:
    crowd.fetcher.replies["https://stranger.test/icon.png"] = reply(body=b"strange")
    records = ask_for(crowd, "stranger.test")
    assert records["stranger.test"].last_outcome is OutcomeKind.REFUSED
    assert "LOGO_CACHE_MAX_SIZE_MB" in (records["stranger.test"].last_error or "")
    assert stored(crowd) == ALL_LOGOS


def test_what_the_operator_names_takes_its_place_like_the_catalogue(crowd: Bench) -> None:
    crowd.fetcher.replies["https://wanted.test/icon.png"] = reply(body=b"wanted")
    with crowd.open() as cache:
        assert cache.refresh(["wanted.test"]).evicted == 1
    assert b"wanted" in stored(crowd)


def test_placeholders_go_before_logos_and_strangers_before_the_catalogue(crowd: Bench) -> None:
    """Room for one more of each: then the newest logo of the catalogue takes it step by step."""
    room = len(b"monogram new") + len(b"strange")
    larger = (LOGO_BYTES + room) / 1_000_000
    crowd.settings = dict(crowd.settings) | {"max_size_mb": larger}
    crowd.integrations = [*crowd.integrations, make_integration("new")]
    crowd.fetcher.replies["https://stranger.test/icon.png"] = reply(body=b"strange")
    with crowd.open() as cache:
        assert cache.init().placeholders == 1
    ask_for(crowd, "stranger.test")
    assert stored(crowd) == sorted([*ALL_LOGOS, b"monogram new", b"strange"])

    for key, gone in (("late", b"monogram new"), ("later", b"monogram new"), ("latest", b"strange")):
        crowd.integrations = [*crowd.integrations, make_integration(key)]
        crowd.fetcher.replies[f"https://{key}.test/icon.png"] = reply(body=key[:6].encode())
        with crowd.open() as cache:
            cache.init([key])
        assert gone not in stored(crowd)
    assert set(ALL_LOGOS) <= set(stored(crowd)), "all logos of the catalogue are still there"


def test_the_placeholder_of_a_logo_that_is_gone_costs_no_other_logo(crowd: Bench) -> None:
    with crowd.open() as cache:
        damaged = cache.get("company3")
        assert damaged is not None
        damaged.path.unlink()
        crowd.fetcher.replies["https://company3.test/icon.png"] = reply(OutcomeKind.NOT_FOUND)
        cache.refresh(["company3"])
    assert set(ALL_LOGOS) - set(stored(crowd)) == {b"company3"}
