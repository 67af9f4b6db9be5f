"""LogoCache: verify, with real files and a real database, among fake sources."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from harness.bench import SHOPIFY, Bench, Steps
from harness.factories import DAY, make_image, make_integration
from harness.fakes import reply, sha256
from logocache.ports import ImageRejection
from logocache.queries import FailOn
from logocache.results import FindingKind


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
        assert [(finding.key, finding.kind) for finding in report.findings] == [
            ("shopify", FindingKind.WRONG_DIGEST),
            ("slack", FindingKind.WRONG_SIZE),
            ("stripe", FindingKind.MISSING_FILE),
        ]
        assert not report.ok
        mended = cache.verify(repair=True)
        assert (mended.ok, mended.repaired) == (True, 3)
        assert [finding.repair for finding in mended.findings] == [
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
        assert cache.verify().findings == (), "the bytes are those that were stored"
        report = cache.verify(decode=True)
    assert report.decoded
    kinds = [finding.kind for finding in report.findings]
    assert kinds == [FindingKind.UNDECODABLE, FindingKind.WRONG_DIMENSIONS]


def test_strangers_are_moved_and_our_own_orphans_deleted(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        logos = bench.folder / "logos"
        (logos / "notes.txt").write_bytes(b"somebody's")
        ours = f"gone_{sha256(b'ours once')[:8]}.png"
        (logos / ours).write_bytes(b"ours once")
        (logos / "screenshot_20240115.png").write_bytes(b"a photograph")
        report = cache.verify(repair=True)
        assert {finding.file: finding.repair for finding in report.findings} == {
            ours: "deleted",
            "screenshot_20240115.png": "moved to quarantine",
            "notes.txt": "moved to quarantine",
        }
        assert {path.read_bytes() for path in logos.glob(".logocache/quarantine/*/*")} == {
            b"somebody's",
            b"a photograph",
        }
        assert cache.verify().findings == ()


def test_leftovers_of_a_crash_are_found_and_deleted(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        leftover = bench.folder / "logos" / ".logocache" / "tmp" / "0123456789abcdef.part"
        leftover.write_bytes(b"half")
        bench.clock.now = datetime.now(UTC) + 2 * DAY
        report = cache.verify()
        assert [finding.kind for finding in report.findings] == [FindingKind.LEFTOVER]
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


def test_switched_off_broken_files_are_put_away_and_nothing_is_fetched(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        before = cache.lookup.find("shopify")
    next((bench.folder / "logos").glob("shopify_*")).write_bytes(b"Shopify")
    asked = len(bench.fetcher.asked)
    with bench.open(enabled=False) as cache:
        report = cache.verify(repair=True)
        assert (report.ok, report.repaired) == (False, 0), "it is still to be had again"
        assert b"Shopify" not in bench.files.values()
        record = cache.lookup.find("shopify")
        assert record is not None
        assert before is not None
        assert record == replace(before, next_attempt_at=None)
    assert len(bench.fetcher.asked) == asked
    with bench.open() as cache:
        cache.init()
        assert cache.verify().findings == ()


def test_what_repair_cannot_mend_stays_a_finding(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    with bench.open(min_free_disk_mb=10**9) as cache:
        report = cache.verify(repair=True)
        assert [(finding.kind, finding.repair) for finding in report.findings] == [
            (FindingKind.LOW_DISK, None)
        ]
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
        leftover = bench.folder / "logos" / ".logocache" / "tmp" / "0123456789abcdef.part"
        leftover.write_bytes(b"half")
        bench.clock.now = datetime.now(UTC) + 2 * DAY
        cache.init(["slack"])
        assert not leftover.exists()


def test_a_limit_that_was_lowered_is_found_and_enforced(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    with bench.open(max_size_mb=20 / 1_000_000) as cache:
        assert [finding.kind for finding in cache.verify().findings] == [FindingKind.OVER_LIMIT]
        mended = cache.verify(repair=True)
        assert mended.findings[0].repair is not None
        assert cache.stats().size_bytes <= 20
        assert cache.verify().ok


def test_miscounted_totals_are_found_and_counted_anew(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        before = cache.stats()
        with cache._context.repository._database.write() as connection:
            connection.execute(text("UPDATE total SET bytes = bytes + 1"))
        found = cache.verify()
        assert ([finding.kind for finding in found.findings], found.ok) == ([FindingKind.WRONG_TOTALS], False)
        repaired = cache.verify(repair=True)
        assert ([finding.repair for finding in repaired.findings], repaired.ok) == (["counted anew"], True)
        assert cache.verify().findings == ()
        assert cache.stats().size_bytes == before.size_bytes
