"""Further forms of a logo: they come, change and go with their picture, and count like it."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.bench import SHOPIFY, SLACK, Bench
from harness.factories import make_image, make_integration
from harness.fakes import reply
from logocache import ClearSelection, FindingKind, ListQuery
from logocache.cache import LogoCache
from logocache.model import OutcomeKind, StoredFile

BOTH = make_image(b"drawing", svg=b"<svg/>", dark=b"white drawing", shows_on_dark=False)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A cache of one entry, whose site has an SVG with a form for dark pages."""
    bench = Bench(tmp_path, replies={SHOPIFY: reply(body=b"document", etag='"1"')})
    bench.integrations = bench.integrations[:1]
    bench.images.results[b"document"] = BOTH
    return bench


def file_of(cache: LogoCache) -> StoredFile:
    logo = cache.get("shopify")
    assert logo is not None
    assert logo.record.file is not None
    return logo.record.file


def send(bench: Bench, body: bytes, etag: str | None = None) -> None:
    bench.fetcher.replies[SHOPIFY] = reply(body=body, etag=etag)


def names(bench: Bench) -> list[str]:
    return sorted(name.partition("_")[2][8:] for name in bench.files)


def test_forms_are_kept_beside_the_picture_and_counted(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        assert sorted(bench.files.values()) == [b"<svg/>", b"drawing", b"white drawing"]
        assert names(bench) == [".dark.png", ".png", ".svg"]
        assert file_of(cache).total_size == cache.stats().size_bytes == len(b"<svg/>drawingwhite drawing")
        (entry,) = cache.list(ListQuery()).entries
        assert {entry.file, entry.svg, entry.dark} == set(bench.files)
        assert cache.verify().findings == ()


def test_a_form_that_changes_alone_is_replaced_with_grace(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        before = file_of(cache)
        bench.images.results[b"document"] = replace(BOTH, svg=b"<svg id='2'/>", dark=None)
        cache.refresh(["shopify"])
        after = file_of(cache)
        assert (after.name, after.dark) == (before.name, None)
        assert sorted(bench.files.values()) == [b"<svg id='2'/>", b"<svg/>", b"drawing", b"white drawing"]
        assert cache.stats().replaced_files == 2
        bench.clock.advance(days=8)
        cache.refresh(["shopify"])
        assert sorted(bench.files.values()) == [b"<svg id='2'/>", b"drawing"]
        assert cache.verify().findings == ()


def test_a_logo_confirmed_by_its_source_keeps_its_forms(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        before = file_of(cache)
        bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.UNCHANGED, status=304)
        cache.refresh(["shopify"])
        assert file_of(cache) == before


def test_a_picture_of_another_kind_takes_the_forms_with_it(bench: Bench) -> None:
    with bench.open(replaced_retention_days=0) as cache:
        cache.init()
        send(bench, b"photograph")
        cache.refresh(["shopify"])
        assert list(bench.files.values()) == [b"photograph"]
        assert cache.stats().size_bytes == len(b"photograph")


def test_clearing_deletes_and_reports_all_forms(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        report = cache.clear(cache.plan_clear(ClearSelection(everything=True)))
        assert report.freed_bytes == len(b"<svg/>drawingwhite drawing")
        assert bench.files == {}
        assert cache.stats().size_bytes == 0


@pytest.mark.parametrize("suffix", [".svg", ".dark.png"])
@pytest.mark.parametrize("damage", ["lost", "changed"])
def test_a_damaged_form_is_found_and_fetched_again(bench: Bench, suffix: str, damage: str) -> None:
    with bench.open() as cache:
        cache.init()
        before = dict(bench.files)
        path = next((bench.folder / "logos").glob(f"*{suffix}"))
        path.unlink() if damage == "lost" else path.write_bytes(b"x" * path.stat().st_size)
        (finding,) = cache.verify().findings
        wanted = FindingKind.MISSING_FILE if damage == "lost" else FindingKind.WRONG_DIGEST
        assert (finding.kind, finding.key, finding.file) == (wanted, "shopify", path.name)
        (repaired,) = cache.verify(repair=True).findings
        assert repaired.repair == "fetched again from site"
        assert bench.files == before
        assert bench.fetcher.asked[-1].etag is None, "a confirmation would not bring it back"
        assert cache.verify().findings == ()


def test_a_lost_form_that_cannot_be_had_again_costs_only_itself(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        next((bench.folder / "logos").glob("*.svg")).unlink()
        bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="down")
        (finding,) = cache.verify(repair=True).findings
        assert finding.repair == "this form was left out: its source did not send it again"
        file = file_of(cache)
        assert file.svg is None
        assert sorted(bench.files.values()) == [b"drawing", b"white drawing"]
        assert file.total_size == cache.stats().size_bytes
        send(bench, b"document")
        cache.refresh(["shopify"])
        assert b"<svg/>" in bench.files.values()


def test_a_damaged_picture_brings_its_forms_anew(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        before = dict(bench.files)
        (bench.folder / "logos" / file_of(cache).name).write_bytes(b"damaged")
        cache.refresh(["shopify"])
        assert bench.files == before
        assert cache.verify().findings == ()


def test_forms_count_against_the_limit(bench: Bench) -> None:
    """The whole logo is refused, though its picture alone would fit."""
    with bench.open(max_size_mb=20 / 1_000_000) as cache:
        report = cache.init()
        assert "no room" in report.logos[0].reason
        assert bench.files == {}


def test_an_evicted_logo_goes_with_its_forms(bench: Bench) -> None:
    bench.integrations = [make_integration("shopify"), make_integration("slack")]
    bench.fetcher.replies[SLACK] = reply(body=b"slack")
    with bench.open() as cache:
        cache.init(["shopify"])
    with bench.open(max_size_mb=30 / 1_000_000) as cache:
        cache.init(["slack"])
        assert list(bench.files.values()) == [b"slack"]
        assert cache.stats().size_bytes == len(b"slack")


def test_the_picture_alone_is_recovered_after_the_database_was_lost(bench: Bench) -> None:
    """The white form must not become the logo."""
    with bench.open() as cache:
        cache.init()
    for path in (bench.folder / "logos" / ".logocache").glob("logocache.db*"):
        path.unlink()
    bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="down")
    with bench.open() as cache:
        cache.init()
        logo = cache.get("shopify")
        assert logo is not None
        assert logo.read_bytes() == b"drawing"
