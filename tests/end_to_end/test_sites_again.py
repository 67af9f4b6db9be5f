"""The whole program below the command line, when sites are asked once more."""

from dataclasses import replace

import pytest

from harness.internet import Loopback, Page
from harness.pictures import picture
from harness.sites import SCENES, sites_of
from logocache import LogoCache, Settings, open_cache
from logocache.model import LogoRecord, OutcomeKind, Status

pytestmark = [pytest.mark.database, pytest.mark.end_to_end]


def record_of(cache: LogoCache, key: str) -> LogoRecord:
    logo = cache.get(key)
    assert logo is not None
    return logo.record


def test_a_second_run_transfers_no_image(internet: Loopback, settings: Settings) -> None:
    scenes = {name: SCENES[name] for name in ("links", "manifest", "ico", "vector")}
    for name, scene in scenes.items():
        tagged = {
            path: replace(shown, etag=f'"{path}"') if not shown.headers else shown
            for path, shown in scene.pages.items()
        }
        internet.sites |= sites_of(name, replace(scene, pages=tagged))
    with open_cache(settings) as cache:
        cache.init(list(scenes))
        files = {name: record_of(cache, name).file for name in scenes}
        internet.forget()
        report = cache.refresh(list(scenes))
        assert [logo.outcome for logo in report.logos] == [OutcomeKind.UNCHANGED] * len(scenes)
        assert {name: record_of(cache, name).file for name in scenes} == files
    images = [request for request in internet.requests if request.path.endswith((".png", ".ico", ".svg"))]
    assert len(images) == len(scenes)
    assert {(image.status, image.bytes_sent) for image in images} == {(304, 0)}


def test_a_second_init_asks_nobody(internet: Loopback, settings: Settings) -> None:
    internet.sites |= sites_of("links", SCENES["links"])
    with open_cache(settings) as cache:
        cache.init(["links", "none"])
        internet.forget()
        report = cache.init(["links", "none"])
    assert (report.asked, report.missing) == (0, ("none",))
    assert internet.requests == []


@pytest.mark.parametrize(
    "now_broken",
    [
        Page(status=503),
        Page(status=404),
        Page(body=b"\x89PNG\r\n\x1a\n broken"),
        Page(body=picture(180), missing_bytes=9),
        Page(body=picture(180, color="#FFFFFF")),
    ],
    ids=["503", "404", "broken image", "broken off", "blank"],
)
def test_a_failing_refresh_keeps_the_earlier_logo(
    internet: Loopback, settings: Settings, now_broken: Page
) -> None:
    pages = dict(SCENES["links"].pages)
    internet.sites["links.test"] = pages
    with open_cache(settings) as cache:
        cache.init(["links"])
        logo = cache.get("links")
        assert logo is not None
        before, content = logo.record, logo.read_bytes()
        pages["/touch.png"] = pages["/small.png"] = now_broken
        report = cache.refresh(["links"])
        assert (report.failed, report.logos[0].kept) == (1, True)
        logo = cache.get("links")
        assert logo is not None
        assert logo.read_bytes() == content
        assert (logo.record.status, logo.record.file) == (Status.CACHED, before.file)
        assert logo.record.failure_count == 1
        assert logo.record.last_error


def test_a_new_logo_replaces_the_old_one_which_stays_for_a_while(
    internet: Loopback, settings: Settings
) -> None:
    pages = dict(SCENES["links"].pages)
    internet.sites["links.test"] = pages
    with open_cache(settings) as cache:
        cache.init(["links"])
        old = cache.get("links")
        pages["/touch.png"] = Page(body=picture(180, color="#AA0000"))
        report = cache.refresh(["links"])
        new = cache.get("links")
        assert old is not None
        assert new is not None
        assert report.found == 1
        assert new.path != old.path
        assert old.path.exists(), "within its grace period"
        assert cache.stats().replaced_files == 1
        assert cache.verify().ok


def test_a_domain_that_nobody_knew_is_fetched_on_demand(internet: Loopback, settings: Settings) -> None:
    internet.sites["newcomer.test"] = SCENES["links"].pages
    with open_cache(settings) as cache:
        cache.init(["none"])
        report = cache.refresh(["https://www.newcomer.test/about"])
        assert (report.added, report.found) == (1, 1)
        logo = cache.get("newcomer.test")
        assert logo is not None
        assert logo.record.origin == "on_demand"


def test_the_size_limit_holds_and_the_least_recently_used_go(internet: Loopback, settings: Settings) -> None:
    names = ["links", "manifest", "ico", "vector"]
    for name in names:
        internet.sites |= sites_of(name, SCENES[name])
    with open_cache(settings) as cache:
        cache.init(names)
        sizes = {name: stored.total_size for name in names if (stored := record_of(cache, name).file)}
    limit = sum(sizes.values()) - min(sizes.values())
    tight = settings.model_copy(update={"max_size_bytes": limit, "dir": settings.dir})
    with open_cache(tight) as cache:
        internet.sites["newcomer.test"] = dict(SCENES["base"].pages) | {
            "/assets/v2/logo.png": Page(body=picture(128, color="#010203"))
        }
        cache.get("links")
        cache.flush()
        report = cache.refresh(["newcomer.test"])
        stats = cache.stats()
        assert report.evicted >= 1
        assert stats.size_bytes <= limit
        assert cache.get("links") is not None, "it was used last"
        forms = (path for kind in ("png", "svg") for path in settings.dir.glob(f"*.{kind}"))
        assert sum(path.stat().st_size for path in forms) == stats.size_bytes
        assert cache.verify().ok
