"""Icon sets are listed, added and removed by command."""

from pathlib import Path

import pytest

from harness.fakes import reply
from harness.icon_sets import ICONS, icon_set, make_bench, package, requests, sources, write_package
from logocache import ProviderError, SelectionError, UnavailableError
from logocache.model import OutcomeKind
from logocache.results import IconSetStatus


def test_a_set_is_added_by_name_and_stays_wanted(tmp_path: Path) -> None:
    bench = make_bench(
        tmp_path, package(icon_set("globex", prefix="devicon"), name="devicon"), iconify_sets=()
    )
    with bench.open() as cache:
        (added,) = cache.add_icon_set("@iconify-json/devicon").sets
        assert (added.name, added.status, added.problem) == ("devicon", IconSetStatus.USED, None)
        cache.init()
        bench.fetcher.asked.clear()
        bench.clock.advance(days=31)
        cache.refresh()
    assert requests(bench)[0] == "devicon/icons.json"


@pytest.mark.parametrize("path", ["package", "package/icons.json"])
def test_a_set_is_added_from_a_folder_or_file_and_never_asked_for(tmp_path: Path, path: str) -> None:
    write_package(tmp_path / "package", icon_set("acme-icon"))
    bench = make_bench(tmp_path, offline=True)
    with bench.open() as cache:
        (added,) = cache.add_icon_set(str(tmp_path / path)).sets
        assert (added.version, added.licence, added.next_check_at) == ("1.2.3", "CC0-1.0", None)
        assert added.source == str(tmp_path / path)
        cache.init()
        bench.clock.advance(days=99)
    with bench.open(offline=False) as cache:
        cache.refresh()
    assert (requests(bench), sources(bench)["acme"]) == ([], "iconify:logos:acme-icon")


def test_what_a_running_cache_is_given_is_used_at_its_next_refresh(tmp_path: Path) -> None:
    write_package(tmp_path / "package", icon_set("acme-icon"))
    bench = make_bench(tmp_path, offline=True)
    with bench.open() as running:
        assert running.init().placeholders == 2
        with bench.open() as other:
            other.add_icon_set(str(tmp_path / "package"))
        assert [logo.key for logo in running.refresh().logos] == ["acme"]
        (tmp_path / "package" / "icons.json").write_bytes(icon_set("acme-icon", body="<path/>"))
        with bench.open() as other:
            other.add_icon_set(str(tmp_path / "package"))
        assert running.refresh().asked == 0, "the same icon by the same name waits for its refresh"


def test_a_removed_set_stays_away_until_it_is_added_and_its_logos_stay(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon")))
    with bench.open() as cache:
        cache.init()
        (removed,) = cache.remove_icon_set("logos").sets
        assert removed.status is IconSetStatus.REMOVED
        assert list((tmp_path / "logos" / ".logocache" / "iconsets").glob("logos_*")) == []
        bench.fetcher.asked.clear()
        bench.clock.advance(days=31)
        cache.refresh()
        assert (requests(bench), sources(bench)["acme"]) == ([], "iconify:logos:acme-icon")
        assert cache.icon_sets().sets[0].status is IconSetStatus.REMOVED
        cache.add_icon_set("logos")
        assert cache.icon_sets().sets[0].status is IconSetStatus.USED
        cache.remove_icon_set("logos")
    with bench.open(iconify_sets=()) as cache:
        cache.remove_icon_set("logos")
        assert cache.icon_sets().sets == ()


def test_a_set_that_no_setting_names_any_more_is_not_used(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, package(icon_set("acme-icon")))
    with bench.open() as cache:
        cache.init()
    with bench.open(iconify_sets=()) as cache:
        assert cache.icon_sets().sets[0].status is IconSetStatus.UNUSED


@pytest.mark.parametrize(
    ("source", "error", "problem"),
    [
        pytest.param("../x", ProviderError, "no such file", id="a path out"),
        pytest.param("", ProviderError, "no such file", id="nothing"),
        pytest.param("Logos", ProviderError, "no such file", id="capitals"),
        pytest.param("https://cdn.test/icons.json", ProviderError, "no such file", id="a URL"),
        pytest.param("a\0b", ProviderError, "name is not possible", id="NUL"),
        pytest.param("x" * 300, ProviderError, "name too long", id="long"),
        pytest.param("/dev/null", ProviderError, "not a regular file", id="a device"),
        pytest.param("/", ProviderError, "cannot be read", id="a folder without a set"),
        pytest.param("unknown", SelectionError, "there is no icon set unknown", id="an unknown set"),
        pytest.param("logos", UnavailableError, "HTTP 503", id="a source that is away"),
    ],
)
def test_what_cannot_be_added_is_refused_in_one_line(
    tmp_path: Path, source: str, error: type[Exception], problem: str
) -> None:
    away = reply(OutcomeKind.TRANSIENT, reason="HTTP 503", status=503)
    bench = make_bench(tmp_path, {ICONS: away})
    with bench.open() as cache:
        with pytest.raises(error, match=problem) as raised:
            cache.add_icon_set(source)
        assert "\n" not in str(raised.value)
        assert {icons.status for icons in cache.icon_sets().sets} == {IconSetStatus.MISSING}


def test_a_file_whose_name_could_leave_the_folder_is_refused(tmp_path: Path) -> None:
    write_package(tmp_path / "package", icon_set("a", prefix="../../evil"))
    with make_bench(tmp_path).open() as cache, pytest.raises(ProviderError, match="cannot be its name"):
        cache.add_icon_set(str(tmp_path / "package"))


def test_a_name_cannot_be_added_offline(tmp_path: Path) -> None:
    with make_bench(tmp_path, offline=True).open() as cache, pytest.raises(SelectionError, match="offline"):
        cache.add_icon_set("devicon")


def test_what_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    with make_bench(tmp_path).open() as cache:
        cache.init()
        with pytest.raises(SelectionError, match="there are logos"):
            cache.remove_icon_set("devicon")


def test_the_list_has_the_operators_files_and_why_one_cannot_be_read(tmp_path: Path) -> None:
    good = write_package(tmp_path / "good", icon_set("a", "b", prefix="own"))
    with make_bench(tmp_path, files=[good]).open() as cache:
        own, logos = cache.icon_sets().sets
        assert (own.name, own.icons, own.source) == ("own", 2, str(good))
        (good / "icons.json").write_text("{}")
        broken, _ = cache.icon_sets().sets
    assert (broken.status, "`prefix`" in (broken.problem or "")) == (IconSetStatus.MISSING, True)
    assert (logos.status, logos.source) == (IconSetStatus.MISSING, ICONS)
