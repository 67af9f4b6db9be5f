"""LogoCache: the size limit, with real files and a real database, among fake sources."""

from harness.bench import STRIPE, Bench
from harness.fakes import reply
from logocache.model import OutcomeKind, Status
from logocache.queries import ListQuery


def test_the_least_recently_used_make_room(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify", "slack"])
        bench.clock.advance(minutes=1)
        cache.get("shopify")
    bench.fetcher.replies[STRIPE] = reply(body=b"stripe")
    limit = len(b"shopify") + len(b"stripe")
    with bench.open(max_size_mb=limit / 1_000_000) as cache:
        assert cache.init(["stripe"]).evicted == 1
        assert sorted(bench.files.values()) == [b"shopify", b"stripe"]
        slack = cache.list(ListQuery(keys=("slack",))).entries[0]
        assert (slack.status, slack.file) == (Status.PENDING, None)
        assert (cache.stats().size_bytes, cache.stats().evictions) == (limit, 1)
        assert cache.init().asked == 0, "what was evicted does not come back at once"
        assert cache.verify().ok


def test_what_does_not_fit_evicts_nobody(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify", "slack"])
    bench.fetcher.replies[STRIPE] = reply(body=b"fifteen bytes, !")
    with bench.open(max_size_mb=14 / 1_000_000) as cache:
        report = cache.init(["stripe"])
        assert (report.evicted, report.logos[0].outcome) == (0, OutcomeKind.REFUSED)
        assert sorted(bench.files.values()) == [b"shopify", b"slack"]


def test_what_can_never_fit_is_refused_with_the_reason(bench: Bench) -> None:
    with bench.open(max_size_mb=6 / 1_000_000) as cache:
        report = cache.init(["shopify"])
        assert (report.logos[0].outcome, report.logos[0].status) == (OutcomeKind.REFUSED, Status.PENDING)
        assert "LOGO_CACHE_MAX_SIZE_MB" in report.logos[0].reason
        assert bench.files == {}
        assert list((bench.folder / "logos" / ".logocache" / "tmp").iterdir()) == []


def test_of_several_new_logos_those_are_stored_that_fit(bench: Bench) -> None:
    with bench.open(max_size_mb=12 / 1_000_000) as cache:
        report = cache.init()
        assert {logo.key: logo.outcome for logo in report.logos if logo.status is Status.CACHED} == {
            "shopify": OutcomeKind.FOUND,
            "slack": OutcomeKind.FOUND,
        }
        assert cache.stats().size_bytes == 12
