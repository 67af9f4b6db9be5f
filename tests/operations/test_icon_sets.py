"""Icon sets are fetched when due, and entries that gain by one are tried again."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.factories import NOW
from harness.fakes import FakeProvider, Reply, reply
from harness.icon_sets import ICONS, icon_set, make_bench, package, requests, sources, write_package
from logocache import ClearSelection
from logocache.model import OutcomeKind
from logocache.results import IconSetStatus
from logocache.store.icon_set_files import IconSetFiles


def test_the_first_run_fetches_the_set_and_takes_logos_from_it(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon", "other")))
    with bench.open() as cache:
        cache.init()
        (found,) = cache.icon_sets().sets
        entry = cache.entry("acme")
    assert requests(bench) == ["logos/icons.json", "logos/info.json", "logos/package.json"]
    assert (entry.source_url, entry.licence, entry.attribution) == (
        "iconify:logos:acme-icon",
        "CC0-1.0",
        "SVG Logos by Gil",
    )
    assert (found.name, found.status, found.icons, found.version) == ("logos", IconSetStatus.USED, 2, "1.2.3")
    assert (found.licence, found.author, found.source) == ("CC0-1.0", "Gil", ICONS)
    assert (found.fetched_at, found.next_check_at) == (NOW, NOW + timedelta(days=30))


def test_it_is_asked_for_again_after_a_month_and_only_if_it_has_changed(tmp_path: Path) -> None:
    bench = make_bench(
        tmp_path, package(icon_set("acme-icon"), icons=reply(etag='"1"', last_modified="yesterday"))
    )
    with bench.open() as cache:
        cache.init()
        bench.fetcher.asked.clear()
        bench.clock.advance(days=29)
        cache.refresh()
        assert requests(bench) == []
        bench.clock.advance(days=2)
        bench.fetcher.replies[ICONS] = reply(OutcomeKind.UNCHANGED, status=304)
        cache.refresh()
        (request,) = [request for request in bench.fetcher.asked if request.url == ICONS]
        assert (request.etag, request.last_modified) == ('"1"', "yesterday")
        (found,) = cache.icon_sets().sets
        assert (found.checked_at, found.fetched_at) == (NOW + timedelta(days=31), NOW)
        cache.refresh()
        assert len(requests(bench)) == 1


def test_a_set_that_comes_later_makes_entries_due_that_it_has_a_logo_for(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    with bench.open() as cache:
        assert cache.init().placeholders == 2
        bench.fetcher.replies.update(package(icon_set("acme-icon")))
        bench.clock.advance(hours=1)
        report = cache.refresh()
    assert [(logo.key, logo.outcome) for logo in report.logos] == [("acme", OutcomeKind.FOUND)]


def test_a_set_that_comes_later_replaces_a_logo_of_another_set(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, {"": reply()})
    bench.chain = [FakeProvider("iconsets", bodies={"github:simple": b"one colour"})]
    with bench.open(iconify_sets=()) as cache:
        cache.init()
    bench.chain = [FakeProvider("iconsets", bodies={"iconify:logos:acme": b"colours"})]
    bench.fetcher.replies.update(package(icon_set("acme-icon")))
    with bench.open() as cache:
        cache.init()
    assert sources(bench) == dict.fromkeys(("acme", "globex"), "iconify:logos:acme")


def test_an_operators_file_makes_entries_due_when_it_comes_and_when_it_changes(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, iconify_sets=())
    with bench.open() as cache:
        cache.init()
    folder = write_package(tmp_path / "package", icon_set("other"))
    for slugs, asked in (((), 0), (("acme-icon",), 1), (("acme-icon",), 0)):
        (folder / "icons.json").write_bytes(icon_set("other", *slugs))
        bench = make_bench(tmp_path, files=[folder], iconify_sets=())
        with bench.open() as cache:
            assert cache.init().asked == asked


@pytest.mark.parametrize("stored", [True, False], ids=["what is kept goes on", "nothing is kept"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(reply(OutcomeKind.TRANSIENT, reason="HTTP 503", status=503), "HTTP 503", id="503"),
        pytest.param(reply(OutcomeKind.REFUSED, reason="too large"), "too large", id="refused"),
        pytest.param(reply(body=b"<!doctype html><p>Sign in"), "not JSON", id="HTML"),
        pytest.param(reply(body=b"[" * 100_000), "not JSON", id="nested too deep"),
        pytest.param(reply(body=b"[1, 2]"), "not an object", id="a list"),
        pytest.param(reply(body=b'{"icons": {}}'), "`prefix`", id="no prefix"),
        pytest.param(reply(body=icon_set()), "no icons", id="no icons"),
        pytest.param(reply(body=icon_set("a", prefix="mdi")), "another icon set: 'mdi'", id="another set"),
        pytest.param(reply(body=icon_set("a", prefix="../logos")), "another icon set", id="a path"),
    ],
)
def test_a_failure_is_one_line_and_harms_nothing(
    tmp_path: Path, answer: Reply, reason: str, caplog: pytest.LogCaptureFixture, *, stored: bool
) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon")) if stored else {})
    if stored:
        with bench.open() as cache:
            cache.init()
        bench.clock.advance(days=31)
    bench.fetcher.replies.update(package(b"") | {ICONS: answer})
    with bench.open() as cache, caplog.at_level(logging.WARNING):
        cache.init()
        (found,) = cache.icon_sets().sets
    (line,) = [record for record in caplog.records if record.getMessage() == "icon_set.failed"]
    assert reason in vars(line)["reason"]
    assert reason in (found.problem or "")
    assert found.status is (IconSetStatus.USED if stored else IconSetStatus.MISSING)
    assert sources(bench)["acme"] == ("iconify:logos:acme-icon" if stored else None)


def test_failures_wait_longer_each_time_and_as_long_as_the_server_says(tmp_path: Path) -> None:
    later = NOW + timedelta(days=2)
    bench = make_bench(tmp_path, {ICONS: reply(OutcomeKind.TRANSIENT, reason="HTTP 500")})
    with bench.open() as cache:
        cache.init()
        cache.init()
        assert len(requests(bench)) == 1
        bench.clock.advance(minutes=6)
        bench.fetcher.replies[ICONS] = reply(OutcomeKind.THROTTLED, reason="HTTP 429", retry_at=later)
        cache.init()
        assert cache.icon_sets().sets[0].next_check_at == later


def test_a_failing_info_file_is_asked_again_later_so_that_no_licence_is_lost(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon")))
    bench.fetcher.replies[ICONS.replace("icons.json", "info.json")] = reply(
        OutcomeKind.TRANSIENT, reason="HTTP 502"
    )
    with bench.open() as cache:
        cache.init()
        (found,) = cache.icon_sets().sets
    assert (found.status, found.problem) == (IconSetStatus.MISSING, "HTTP 502")


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"offline": True}, id="offline"),
        pytest.param({"iconify_sets": ()}, id="no set"),
        pytest.param({"providers": ("site",)}, id="not in the chain"),
        pytest.param({"enabled": False}, id="switched off"),
    ],
)
def test_nothing_is_fetched_when_it_is_not_wanted(tmp_path: Path, settings: dict[str, Any]) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon")), **settings)
    with bench.open() as cache:
        cache.init()
    assert requests(bench) == []


def test_a_lost_set_is_fetched_again_without_validators(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon"), icons=reply(etag='"1"')))
    with bench.open() as cache:
        cache.init()
        (file,) = (tmp_path / "logos" / ".logocache" / "iconsets").glob("logos_*")
        file.write_bytes(b"{")
        assert cache.icon_sets().sets[0].status is IconSetStatus.MISSING
        cache.refresh()
        assert cache.icon_sets().sets[0].status is IconSetStatus.USED
    assert [request.etag for request in bench.fetcher.asked if request.url == ICONS] == [None, None]


def test_another_base_url_is_asked_at_once(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon"), icons=reply(etag='"1"')))
    with bench.open() as cache:
        cache.init()
    with bench.open(iconify_url="http://mirror.test:8000/npm/") as cache:
        cache.init()
    request = bench.fetcher.asked[-1]
    assert (request.url, request.etag) == ("http://mirror.test:8000/npm/@iconify-json/logos/icons.json", None)
    assert request.trusted_origin == "http://mirror.test:8000"


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon")))
    with bench.open() as cache:
        cache.init()
        folder = tmp_path / "logos" / ".logocache" / "iconsets"
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        folder.write_text("in the way")
        with caplog.at_level(logging.WARNING):
            assert cache.refresh(["acme"]).asked == 1
    assert [record.getMessage() for record in caplog.records].count("icon_sets.failed") == 1


def test_another_process_that_is_fetching_is_left_to_it(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon")))
    with bench.open(iconify_sets=()) as cache:
        cache.init()
    with bench.open() as cache, IconSetFiles(tmp_path / "logos" / ".logocache").changing(seconds=0):
        cache.refresh()
    assert requests(bench) == []


def test_verify_and_clear_leave_sets_alone(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon")))
    folder = tmp_path / "logos" / ".logocache" / "iconsets"
    with bench.open() as cache:
        cache.init()
        before = {path: path.read_bytes() for path in folder.iterdir()}
        assert cache.verify(repair=True).ok
        cache.clear(cache.plan_clear(ClearSelection(everything=True)))
        assert cache.stats().size_bytes == 0
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
