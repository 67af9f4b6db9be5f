"""LogoCache: verify while others write, fetch and mend, on both databases: what it says is true, and what
it does undoes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.bench import SHOPIFY, SLACK, Bench
from harness.factories import files_by_key, make_image, make_integration
from harness.fakes import FakeProvider, reply
from logocache.cache import LogoCache
from logocache.errors import DirectoryError
from logocache.model import LogoRecord, Origin, OutcomeKind, Status
from logocache.operations.inspection import Inspector
from logocache.operations.verify import Repair
from logocache.ports import DecodingFailure, Silent
from logocache.repository.filters import DueFilter
from logocache.results import FindingKind, VerifyReport

DOWN = reply(OutcomeKind.TRANSIENT, reason="down")


@dataclass
class Meanwhile:
    """Progress during which something happens: once the directory is listed, and before rows are read."""

    happens: Callable[[], object]

    def start(self, total: int, *, verb: str = "") -> None:
        self.happens()

    def advance(self, label: str) -> None:
        pass


@pytest.fixture
def shared(tmp_path: Path, migrated_url: str) -> Bench:
    """Two entries with logos, in a cache that several processes may have open."""
    bench = Bench(
        tmp_path,
        integrations=[make_integration("shopify"), make_integration("slack")],
        replies={SHOPIFY: reply(body=b"shopify"), SLACK: reply(body=b"slack")},
        settings={"database_url": migrated_url},
    )
    with bench.open() as cache:
        assert cache.init().found == 2
    return bench


def path_of(bench: Bench, key: str) -> Path:
    return next((bench.folder / "logos").glob(f"{key}_*"))


def row_of(cache: LogoCache, key: str = "shopify") -> LogoRecord:
    record = cache.lookup.find(key)
    assert record is not None
    return record


def kinds(report: VerifyReport) -> list[FindingKind]:
    return [finding.kind for finding in report.findings]


@pytest.mark.parametrize("repair", [False, True])
@pytest.mark.parametrize("days", [0, 7], ids=["old files go at once", "old files stay"])
def test_what_a_writer_does_is_no_damage(shared: Bench, days: int, *, repair: bool) -> None:
    """All logos are replaced between the listing of the directory and the reading of the rows."""
    with shared.open(replaced_retention_days=days) as other, shared.open() as cache:

        def replace_all() -> None:
            shared.fetcher.replies |= {SHOPIFY: reply(body=b"new s"), SLACK: reply(body=b"new, too")}
            assert other.refresh(force=True).found == 2
            shared.fetcher.replies |= {SHOPIFY: DOWN, SLACK: DOWN}

        report = cache.verify(repair=repair, progress=Meanwhile(replace_all))
        assert report.findings == ()
        assert {record.status for record in cache.lookup.records(["shopify", "slack"])} == {Status.CACHED}
        assert {b"new s", b"new, too"} <= set(shared.files.values())


def test_entries_that_come_and_go_meanwhile_are_no_damage(shared: Bench) -> None:
    shared.fetcher.replies["https://new.test/icon.png"] = reply(body=b"new")
    with shared.open() as other, shared.open() as cache:
        assert cache.verify(progress=Meanwhile(lambda: other.refresh(["new.test"]))).findings == ()

        def clear_it() -> None:
            with other._context.repository.unit() as unit:
                unit.clear(files_by_key(other.lookup.records(["new.test"])))
            path_of(shared, "new.test").unlink()

        assert cache.verify(progress=Meanwhile(clear_it)).findings == ()


def test_what_another_process_is_fetching_is_left_to_it(shared: Bench) -> None:
    path_of(shared, "shopify").write_bytes(b"damaged")
    with shared.open() as other, shared.open() as cache:
        due = DueFilter(now=shared.clock(), forced=True)
        claimed = other._context.repository.claim(["shopify"], now=shared.clock(), due=due)
        asked = len(shared.fetcher.asked)
        report = cache.verify(repair=True)
        assert (report.ok, report.repaired, kinds(report)) == (False, 0, [FindingKind.WRONG_DIGEST])
        assert "another process is fetching it" in report.findings[0].detail
        assert row_of(cache) == claimed[0]
        assert len(shared.fetcher.asked) == asked
        assert path_of(shared, "shopify").read_bytes() == b"damaged"
        other._context.repository.release(claimed)
        assert cache.verify(repair=True).ok


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_two_repairs_at_once_do_not_undo_each_other(shared: Bench, damage: str) -> None:
    """The second one has seen the damage, too; when it acts it is mended, and the source has gone down."""
    path = path_of(shared, "shopify")
    path.unlink() if damage == "gone" else path.write_bytes(b"damaged")
    with shared.open() as first, shared.open() as second:
        inspector = Inspector(second._context)
        seen = inspector.inspect(Silent(), decode=False)
        assert len(seen.found) == 1
        assert first.verify(repair=True).repaired == 1
        shared.fetcher.replies[SHOPIFY] = DOWN
        mended = row_of(first)
        asked = len(shared.fetcher.asked)
        Repair(second._context, inspector).run(seen.found)
        assert len(shared.fetcher.asked) == asked
        assert row_of(second) == mended
        assert path.read_bytes() == b"shopify"
        assert second.verify().findings == ()


@pytest.mark.parametrize("damage", ["gone", "shorter", "changed", "a link"])
@pytest.mark.parametrize("origin", [Origin.CATALOG, Origin.ON_DEMAND])
def test_a_repair_keeps_the_row_and_asks_the_same_source(
    tmp_path: Path, migrated_url: str, damage: str, origin: Origin
) -> None:
    """A source that comes later would have something, too; and the first one is down at first."""
    duck = "https://duck.test/shopify.test"
    bench = Bench(
        tmp_path,
        integrations=[make_integration("shopify", origin=origin)],
        chain=[
            FakeProvider(urls=["https://{domain}/icon.png"]),
            FakeProvider("duckduckgo", urls=["https://duck.test/{domain}"]),
        ],
        replies={SHOPIFY: reply(body=b"shopify"), duck: reply(body=b"the duck's")},
        settings={"database_url": migrated_url},
    )
    with bench.open() as cache:
        cache.init()
        cache.get("shopify")
        cache.flush()
        before = row_of(cache)
        path = path_of(bench, "shopify")
        if damage in {"gone", "a link"}:
            path.unlink()
        if damage == "a link":
            path.symlink_to("/etc/hostname")
        if damage in {"shorter", "changed"}:
            path.write_bytes(b"shop" if damage == "shorter" else b"SHOPIFY")
        bench.fetcher.replies[SHOPIFY] = DOWN
        bench.clock.advance(days=1)
        report = cache.verify(repair=True)
        assert (report.ok, report.repaired) == (False, 0)
        assert "down" in report.findings[0].detail
        kept = row_of(cache)
        assert (kept.status, kept.file, kept.provider, kept.source_url) == (
            before.status,
            before.file,
            before.provider,
            before.source_url,
        )
        assert (kept.created_at, kept.fetch_count, kept.access_count, kept.fetched_at) == (
            before.created_at,
            before.fetch_count,
            before.access_count,
            before.fetched_at,
        )
        assert not path.exists(), "nothing that is not the logo is served under its name"
        bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify")
        report = cache.verify(repair=True)
        assert [finding.repair for finding in report.findings] == ["fetched again from site"]
        assert report.ok
        mended = row_of(cache)
        assert (mended.file, mended.created_at) == (before.file, before.created_at)
        assert (mended.access_count, mended.fetch_count) == (1, before.fetch_count + 1)
        assert cache.verify().findings == ()


def test_a_file_that_could_not_be_decoded_here_and_now_is_left_alone(shared: Bench) -> None:
    """The decoder died of it, or had no memory: its bytes are those of its digest."""
    shared.images.results[b"shopify"] = DecodingFailure(reason="the decoder died")
    with shared.open() as cache:
        before = row_of(cache)
        shared.fetcher.replies[SHOPIFY] = DOWN
        for repair in (False, True):
            report = cache.verify(repair=repair, decode=True)
            assert (report.ok, report.repaired) == (False, 0)
            assert [(finding.kind, finding.key) for finding in report.findings] == [
                (FindingKind.NOT_CHECKED, "shopify")
            ]
            assert "the decoder died" in report.findings[0].detail
        assert row_of(cache) == before
        assert path_of(shared, "shopify").read_bytes() == b"shopify"


@pytest.mark.parametrize("method", ["look", "sha256"])
def test_a_file_that_could_not_be_read_is_left_alone_and_the_others_are_mended(
    shared: Bench, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path_of(shared, "slack").unlink()
    path_of(shared, "shopify").write_bytes(b"SHOPIFY")
    with shared.open() as cache:
        whole = getattr(cache._context.store, method)

        def broken(name: str) -> object:
            if name.startswith("shopify"):
                raise DirectoryError(f"the logo {name} cannot be read (input/output error)", hint="look")
            return whole(name)

        monkeypatch.setattr(cache._context.store, method, broken)
        report = cache.verify(repair=True)
        assert [(finding.kind, finding.key, finding.repair) for finding in report.findings] == [
            (FindingKind.NOT_CHECKED, "shopify", None),
            (FindingKind.MISSING_FILE, "slack", "fetched again from site"),
        ]
        assert not report.ok
    assert sorted(shared.files.values()) == [b"SHOPIFY", b"slack"]


def test_a_directory_that_went_away_is_no_news_of_its_files(shared: Bench) -> None:
    logos = shared.folder / "logos"
    with shared.open() as cache:
        before = row_of(cache)
        away = logos.with_name("elsewhere")
        with pytest.raises(DirectoryError):
            cache.verify(repair=True, progress=Meanwhile(lambda: logos.rename(away)))
        away.rename(logos)
        assert row_of(cache) == before
        assert cache.verify().findings == ()


def test_wrong_dimensions_in_a_row_are_corrected_and_nobody_is_asked(shared: Bench) -> None:
    with shared.open() as cache:
        before = row_of(cache)
        shared.images.results[b"shopify"] = make_image(b"shopify", width=1)
        asked = len(shared.fetcher.asked)
        report = cache.verify(repair=True, decode=True)
        assert [(finding.kind, finding.repair) for finding in report.findings] == [
            (FindingKind.WRONG_DIMENSIONS, "the record was corrected")
        ]
        assert before.file is not None
        assert row_of(cache) == replace(before, file=replace(before.file, width=1))
        assert len(shared.fetcher.asked) == asked


@pytest.mark.parametrize(
    ("damage", "kind", "repair"),
    [
        ("gone", FindingKind.MISSING_FILE, "forgotten"),
        ("shorter", FindingKind.WRONG_SIZE, "moved to quarantine"),
        ("changed", FindingKind.WRONG_DIGEST, "moved to quarantine"),
    ],
)
def test_replaced_files_are_checked_too(shared: Bench, damage: str, kind: FindingKind, repair: str) -> None:
    old = path_of(shared, "shopify")
    with shared.open() as cache:
        shared.fetcher.replies[SHOPIFY] = reply(body=b"new shopify")
        cache.refresh(["shopify"])
        assert cache.verify().findings == ()
        if damage == "gone":
            old.unlink()
        else:
            old.write_bytes(b"shop" if damage == "shorter" else b"SHOPIFY")
        before = row_of(cache)
        report = cache.verify()
        assert [(finding.kind, finding.file) for finding in report.findings] == [(kind, old.name)]
        assert [item.repair for item in cache.verify(repair=True).findings] == [repair]
        assert cache.verify().findings == ()
        assert (row_of(cache), cache.stats().replaced_files) == (before, 0)
        assert not old.exists()
