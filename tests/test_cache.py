"""LogoCache: each operation, with real files and a real database, among fake sources."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benches import Bench
from fakes import FakeProvider, reply
from logocache import DirectoryError, DomainError, SelectionError, UnknownKeyError
from logocache.model import ImageRejection, OutcomeKind, Status
from logocache.ports.repository import DueFilter
from logocache.results import FindingKind
from logocache.selection import ClearSelection, FailOn, ListQuery, SortKey
from makers import DAY, make_image, make_integration

SHOPIFY = "https://shopify.test/icon.png"
SLACK = "https://slack.test/icon.png"
STRIPE = "https://stripe.test/icon.png"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Three entries, of which one has no logo."""
    return Bench(tmp_path, replies={SHOPIFY: reply(body=b"shopify"), SLACK: reply(body=b"slack")})


class Steps:
    """Progress that is written down."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.labels: list[str] = []

    def start(self, total: int) -> None:
        self.total = total

    def advance(self, label: str) -> None:
        self.labels.append(label)


# init --------------------------------------------------------------------------------------------


def test_init_fetches_all_and_draws_what_is_missing(bench: Bench) -> None:
    steps = Steps()
    with bench.open() as cache:
        report = cache.init(progress=steps)
    assert (report.known, report.added, report.asked) == (3, 3, 3)
    assert (report.found, report.placeholders, report.missing) == (2, 1, ("stripe",))
    assert (steps.total, sorted(steps.labels)) == (3, ["shopify", "slack", "stripe"])
    assert sorted(bench.files.values()) == [b"monogram stripe", b"shopify", b"slack"]


def test_init_again_does_nothing(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    asked = len(bench.fetcher.asked)
    with bench.open() as cache:
        report = cache.init()
        assert (report.added, report.asked, report.known, report.missing) == (0, 0, 3, ("stripe",))
    assert len(bench.fetcher.asked) == asked


def test_init_takes_up_what_has_become_due(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.clock.advance(days=3, seconds=1)
        assert [logo.key for logo in cache.init().logos] == ["stripe"], "a miss is believed for three days"
        bench.clock.advance(days=4)
        assert {logo.key for logo in cache.init().logos} >= {"shopify", "slack"}, "a logo for seven"


def test_init_of_some_keys_fetches_only_those(bench: Bench) -> None:
    with bench.open() as cache:
        report = cache.init(["Shopify.test"])
    assert ([logo.key for logo in report.logos], report.known) == (["shopify"], 3)


def test_init_by_force_fetches_what_is_not_due(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        report = cache.init(["shopify"], force=True)
        assert [logo.outcome for logo in report.logos] == [OutcomeKind.UNCHANGED]


def test_an_unknown_key_is_refused_with_the_nearest(bench: Bench) -> None:
    with bench.open() as cache, pytest.raises(UnknownKeyError, match="did you mean shopify"):
        cache.init(["shopfy"])


def test_a_placeholder_becomes_a_logo_when_there_is_one(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[STRIPE] = reply(body=b"stripe")
        cache.refresh(["stripe"])
        logo = cache.get("stripe")
        assert logo is not None
        assert (logo.record.status, logo.read_bytes()) == (Status.CACHED, b"stripe")
        assert logo.record.failure_count == 0


def test_switched_off_nothing_is_touched(bench: Bench) -> None:
    with bench.open(enabled=False) as cache:
        assert cache.init().enabled is False
        assert cache.refresh().enabled is False
    assert not (bench.folder / "logos").exists()
    assert bench.fetcher.asked == []


def test_a_lease_of_another_process_is_respected(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        due = DueFilter(now=bench.clock(), forced=True)
        bench.repository().claim(["shopify"], owner="other", until=bench.clock() + DAY, due=due)
        report = cache.init()
        assert "shopify" not in [logo.key for logo in report.logos]
        assert report.elsewhere == 1
        bench.clock.advance(days=2)
        assert "shopify" in [logo.key for logo in cache.init().logos], "a lease expires"


def test_what_breaks_off_leaves_no_lease_behind(bench: Bench) -> None:
    def broken(_: object) -> None:
        raise KeyboardInterrupt

    bench.fetcher.replies[SHOPIFY] = broken  # type: ignore[assignment]  # never returns
    with bench.open() as cache:
        with pytest.raises(KeyboardInterrupt):
            cache.init()
        assert bench.repository().count_leased(now=bench.clock()) == 0


def test_the_operation_ends_when_files_cannot_be_written(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        temporary = bench.folder / "logos" / ".logocache" / "tmp"
        for path in temporary.iterdir():
            path.unlink()
        temporary.rmdir()
        temporary.write_text("in the way")
        with pytest.raises(DirectoryError):
            cache.refresh(["shopify"])
        assert bench.repository().count_leased(now=bench.clock()) == 0


# refresh -----------------------------------------------------------------------------------------


def test_refresh_keeps_the_logo_when_asking_fails(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="down")
        report = cache.refresh(["shopify"])
        assert (report.failed, report.logos[0].kept, report.logos[0].reason) == (1, True, "down")
        logo = cache.get("shopify")
        assert logo is not None
        assert logo.read_bytes() == b"shopify"


def test_refresh_of_what_failed(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        assert [logo.key for logo in cache.refresh(failed=True).logos] == ["stripe"]


def test_refresh_with_a_limit(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        assert len(cache.refresh(force=True, limit=2).logos) == 2


def test_refresh_makes_an_unknown_domain_known(bench: Bench) -> None:
    bench.fetcher.replies["https://new.test/icon.png"] = reply(body=b"new")
    with bench.open() as cache:
        cache.init()
        report = cache.refresh(["HTTPS://www.New.test/path"])
        assert (report.added, report.found, report.logos[0].key) == (1, 1, "new.test")
        logo = cache.get("www.new.test")
        assert logo is not None
        assert logo.read_bytes() == b"new"
        assert cache.refresh(["new.test"]).added == 0


@pytest.mark.parametrize(
    ("name", "error"), [("nobody", UnknownKeyError), ("a..b", DomainError), ("[::1]", DomainError)]
)
def test_refresh_of_nonsense(bench: Bench, name: str, error: type[Exception]) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        with pytest.raises(error):
            cache.refresh([name])


def test_a_replaced_file_is_swept_after_its_grace_period(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(body=b"new shopify")
        cache.refresh(["shopify"])
        assert b"shopify" in bench.files.values()
        bench.clock.advance(days=8)
        cache.refresh(["slack"])
        assert b"shopify" not in bench.files.values()
        assert cache.stats().replaced_files == 0


@pytest.mark.parametrize("retention", [0, 7])
def test_a_logo_that_comes_back_keeps_its_file(bench: Bench, retention: int) -> None:
    """It has the name it had before, which is then that of a replaced file, too."""
    with bench.open(replaced_retention_days=retention) as cache:
        cache.init(["shopify"])
        for body in (b"new shopify", b"shopify"):
            bench.fetcher.replies[SHOPIFY] = reply(body=body)
            cache.refresh(["shopify"])
        bench.clock.advance(days=8)
        cache.refresh(["slack"])
        logo = cache.get("shopify")
        assert logo is not None
        assert logo.read_bytes() == b"shopify"
        assert b"new shopify" not in bench.files.values()
        assert cache.verify().ok


def test_without_retention_the_replaced_file_goes_at_once(bench: Bench) -> None:
    with bench.open(replaced_retention_days=0) as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(body=b"new shopify")
        cache.refresh(["shopify"])
        assert b"shopify" not in bench.files.values()
        assert cache.verify().ok


def test_a_304_never_confirms_a_file_that_is_gone(bench: Bench) -> None:
    bench.fetcher.replies[SHOPIFY] = lambda request: (
        reply(OutcomeKind.UNCHANGED) if request.etag else reply(body=b"shopify", etag='"1"')
    )
    with bench.open() as cache:
        cache.init()
        next((bench.folder / "logos").glob("shopify_*")).unlink()
        report = cache.refresh(["shopify"])
        assert report.logos[0].outcome is OutcomeKind.FOUND
        assert b"shopify" in bench.files.values()


def test_a_lost_file_whose_source_is_down_becomes_a_monogram(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        next((bench.folder / "logos").glob("shopify_*")).unlink()
        bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT)
        report = cache.refresh(["shopify"])
        assert (report.logos[0].status, report.logos[0].kept) == (Status.PLACEHOLDER, False)
        assert cache.verify().ok


def test_a_stand_in_that_is_found_out_late_is_taken_back(tmp_path: Path) -> None:
    names = ["amber", "birch", "cedar", "dogwood"]
    provider = FakeProvider("google", urls=["https://icons.test/{domain}"], learns_placeholder=True)
    bench = Bench(
        tmp_path,
        integrations=[make_integration(name) for name in names],
        chain=[provider],
        replies={f"https://icons.test/{name}.test": reply(body=b"globe") for name in names},
    )
    with bench.open() as cache:
        report = cache.init()
        assert report.missing == tuple(names)
        assert {entry.status for entry in cache.list().entries} == {Status.PLACEHOLDER}
        assert {logo.outcome for logo in report.logos} == {OutcomeKind.PLACEHOLDER}


# The size limit ----------------------------------------------------------------------------------


def test_the_least_recently_used_make_room(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify", "slack"])
        bench.clock.advance(minutes=1)
        cache.get("shopify")
    limit = len(b"shopify") + len(b"monogram stripe")
    with bench.open(max_size_mb=limit / 1_000_000) as cache:
        assert cache.init(["stripe"]).evicted == 1
        assert sorted(bench.files.values()) == [b"monogram stripe", b"shopify"]
        slack = cache.list(ListQuery(keys=("slack",))).entries[0]
        assert (slack.status, slack.file) == (Status.PENDING, None)
        assert (cache.stats().size_bytes, cache.stats().evictions) == (limit, 1)
        assert cache.init().asked == 0, "what was evicted does not come back at once"
        assert cache.verify().ok


def test_what_does_not_fit_evicts_nobody(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify", "slack"])
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


# stats, list and get -----------------------------------------------------------------------------


def test_stats_count_what_there_is(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        for name in ("shopify", "shopify", "nobody"):
            cache.get(name)
        bench.clock.advance(days=8)
        cache.get("slack")
        cache.flush()
        stats = cache.stats()
    assert (stats.entries, stats.files, stats.stale, stats.failing) == (3, 3, 2, 1)
    assert (stats.hits, stats.stale_hits, stats.misses, stats.hit_ratio) == (2, 1, 1, 0.75)
    assert stats.size_bytes == sum(map(len, bench.files.values()))
    assert {group.name: group.entries for group in stats.by_provider} == {"site": 2, "monogram": 1}
    assert stats.largest[0].key == "stripe"
    assert stats.disk_total_bytes >= stats.disk_free_bytes > 0


def test_nothing_looked_up_has_no_ratio(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        assert cache.stats().hit_ratio is None


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        (ListQuery(), ["shopify", "slack", "stripe"]),
        (ListQuery(reverse=True), ["stripe", "slack", "shopify"]),
        (ListQuery(statuses=(Status.PLACEHOLDER,)), ["stripe"]),
        (ListQuery(failing=True), ["stripe"]),
        (ListQuery(pinned=True), []),
        (ListQuery(providers=("site",)), ["shopify", "slack"]),
        (ListQuery(categories=("ecommerce",)), ["shopify", "slack", "stripe"]),
        (ListQuery(text="LAC"), ["slack"]),
        (ListQuery(keys=("slack.test", "Stripe")), ["slack", "stripe"]),
        (ListQuery(stale=True), []),
        (ListQuery(sort=SortKey.SIZE), ["stripe", "shopify", "slack"]),
        (ListQuery(sort=SortKey.SIZE, limit=1), ["stripe"]),
        (ListQuery(sort=SortKey.NAME), ["shopify", "slack", "stripe"]),
        (ListQuery(sort=SortKey.STATUS), ["shopify", "slack", "stripe"]),
        (ListQuery(sort=SortKey.PROVIDER), ["stripe", "shopify", "slack"]),
        (ListQuery(sort=SortKey.AGE), ["shopify", "slack", "stripe"]),
        (ListQuery(sort=SortKey.ACCESSED), ["slack", "shopify", "stripe"]),
    ],
    ids=str,
)
def test_listing(bench: Bench, query: ListQuery, keys: list[str]) -> None:
    with bench.open() as cache:
        cache.init()
        cache.get("slack")
        cache.flush()
        listing = cache.list(query)
    assert [entry.key for entry in listing.entries] == keys
    assert listing.matching >= len(keys)


@pytest.mark.parametrize("name", ["shopify", "Shopify", "shopify.test", "https://www.shopify.test/x"])
def test_a_logo_is_found_under_all_its_names(bench: Bench, name: str) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        logo = cache.get(name)
        assert logo is not None
        assert logo.read_bytes() == b"shopify"


@pytest.mark.parametrize("name", ["", "nobody", "a..b", "\x00", "../../etc/passwd", "stripe", "x" * 10_000])
def test_what_is_not_there_is_none(bench: Bench, name: str) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        assert cache.get(name) is None


def test_look_ups_are_written_in_batches_and_none_is_lost(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        for _ in range(1001):
            cache.get("shopify")
        assert cache.list(ListQuery(keys=("shopify",))).entries[0].access_count == 1000
    with bench.open() as cache:
        assert cache.list(ListQuery(keys=("shopify",))).entries[0].access_count == 1001


# clear -------------------------------------------------------------------------------------------


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
        stray = bench.folder / "logos" / "stray_00000000.png"
        stray.write_bytes(b"stray")
        plan = cache.plan_clear(ClearSelection(orphans=True))
        assert ([each.file for each in plan.orphans], plan.logos) == ([stray.name], ())
        assert cache.clear(plan).freed_bytes == 5
        assert not stray.exists()
        assert cache.plan_clear(ClearSelection(orphans=True)).is_empty


def test_clearing_nothing_is_refused(bench: Bench) -> None:
    with bench.open() as cache, pytest.raises(SelectionError):
        cache.plan_clear(ClearSelection())


# verify ------------------------------------------------------------------------------------------


def test_all_is_well_after_init(bench: Bench) -> None:
    steps = Steps()
    with bench.open() as cache:
        cache.init()
        report = cache.verify(progress=steps)
    assert (report.ok, report.findings, report.entries, report.files) == (True, (), 3, 3)
    assert steps.total == len(steps.labels) == 3


def test_broken_files_are_found_and_fetched_again(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        shopify, slack, stripe = (
            next((bench.folder / "logos").glob(f"{key}_*")) for key in ("shopify", "slack", "stripe")
        )
        shopify.write_bytes(b"Shopify")
        slack.write_bytes(b"longer than before")
        stripe.unlink()
        report = cache.verify()
        assert [(each.key, each.kind) for each in report.findings] == [
            ("shopify", FindingKind.WRONG_DIGEST),
            ("slack", FindingKind.WRONG_SIZE),
            ("stripe", FindingKind.MISSING_FILE),
        ]
        assert not report.ok
        mended = cache.verify(repair=True)
        assert (mended.ok, mended.repaired) == (True, 3)
        assert [each.repair for each in mended.findings] == [
            "fetched again from site",
            "fetched again from site",
            "a monogram stands in until the logo can be had",
        ]
        assert cache.verify().findings == ()


def test_a_file_that_does_not_decode_or_has_another_size(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.images.results[b"shopify"] = ImageRejection(reason="broken")
        bench.images.results[b"slack"] = make_image(b"slack", width=1)
        kinds = [each.kind for each in cache.verify().findings]
    assert kinds == [FindingKind.UNDECODABLE, FindingKind.WRONG_DIMENSIONS]


def test_strangers_are_moved_and_our_own_orphans_deleted(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        logos = bench.folder / "logos"
        (logos / "notes.txt").write_bytes(b"somebody's")
        (logos / "gone_12345678.png").write_bytes(b"ours once")
        report = cache.verify(repair=True)
        assert {each.file: each.repair for each in report.findings} == {
            "gone_12345678.png": "deleted",
            "notes.txt": "moved to quarantine",
        }
        assert [path.read_bytes() for path in logos.glob(".logocache/quarantine/*/notes.txt")] == [
            b"somebody's"
        ]
        assert cache.verify().findings == ()


def test_leftovers_of_a_crash_are_found_and_deleted(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        leftover = bench.folder / "logos" / ".logocache" / "tmp" / "broken-off.png"
        leftover.write_bytes(b"half")
        bench.clock.now = datetime.now(UTC) + 2 * DAY
        report = cache.verify()
        assert [each.kind for each in report.findings] == [FindingKind.LEFTOVER]
        assert report.ok, "a warning"
        assert cache.verify(fail_on=FailOn(severity=report.findings[0].severity)).ok is False
        assert cache.verify(repair=True).repaired == 1
        assert not leftover.exists()


def test_a_broken_logo_that_was_made_on_demand_is_fetched_again(bench: Bench) -> None:
    bench.fetcher.replies["https://new.test/icon.png"] = reply(body=b"new")
    with bench.open() as cache:
        cache.init(["slack"])
        cache.refresh(["new.test"])
        next((bench.folder / "logos").glob("new.test_*")).unlink()
        assert cache.verify(repair=True).findings[0].repair == "fetched again from site"
        assert b"new" in bench.files.values()


def test_switched_off_broken_files_are_dropped_and_nothing_is_fetched(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    next((bench.folder / "logos").glob("shopify_*")).write_bytes(b"Shopify")
    asked = len(bench.fetcher.asked)
    with bench.open(enabled=False) as cache:
        report = cache.verify(repair=True)
        assert (report.ok, report.repaired) == (True, 1)
        assert cache.get("shopify") is None
    assert len(bench.fetcher.asked) == asked


def test_what_repair_cannot_mend_stays_a_finding(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    with bench.open(min_free_disk_mb=10**9) as cache:
        report = cache.verify(repair=True)
        assert [(each.kind, each.repair) for each in report.findings] == [(FindingKind.LOW_DISK, None)]
        assert report.ok, "a warning"


def test_two_entries_of_one_domain_share_what_is_asked(tmp_path: Path) -> None:
    both = [make_integration(key, domain="shopify.test") for key in ("shopify", "shopify-pos")]
    bench = Bench(tmp_path, integrations=both, replies={SHOPIFY: reply(body=b"shopify")})
    with bench.open() as cache:
        assert cache.init().found == 2
    assert bench.fetcher.urls == [SHOPIFY]


def test_init_tidies_up_after_a_crash(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        leftover = bench.folder / "logos" / ".logocache" / "tmp" / "broken-off.png"
        leftover.write_bytes(b"half")
        bench.clock.now = datetime.now(UTC) + 2 * DAY
        cache.init(["slack"])
        assert not leftover.exists()


def test_a_limit_that_was_lowered_is_found_and_enforced(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    with bench.open(max_size_mb=20 / 1_000_000) as cache:
        assert [each.kind for each in cache.verify().findings] == [FindingKind.OVER_LIMIT]
        mended = cache.verify(repair=True)
        assert mended.findings[0].repair is not None
        assert cache.stats().size_bytes <= 20
        assert cache.verify().ok


def test_a_copy_that_may_not_be_kept_any_longer_is_fetched_again(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        integrations=[make_integration("shopify")],
        chain=[FakeProvider("brand", urls=["https://{domain}/icon.png"], keeps_days=30)],
        replies={SHOPIFY: reply(body=b"shopify")},
    )
    with bench.open() as cache:
        cache.init()
        bench.clock.advance(days=31)
        assert [each.kind for each in cache.verify().findings] == [FindingKind.KEPT_TOO_LONG]
        assert cache.verify(repair=True).ok
        assert cache.verify().findings == ()


# Before init -------------------------------------------------------------------------------------


def test_every_operation_but_init_wants_an_initialised_cache(bench: Bench) -> None:
    with bench.open() as cache:
        for operation in (
            cache.stats,
            cache.list,
            cache.verify,
            cache.refresh,
            lambda: cache.get("shopify"),
            lambda: cache.plan_clear(ClearSelection(everything=True)),
        ):
            with pytest.raises(DirectoryError, match="logocache init"):
                operation()
    assert not (bench.folder / "logos").exists()
