"""The whole program below the command line, against sites on loopback and both databases."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from harness.internet import Loopback, Page
from harness.pictures import ico, picture, svg
from logocache import LogoCache, Settings, open_cache
from logocache.model import LogoRecord, OutcomeKind, Status

pytestmark = [pytest.mark.database, pytest.mark.end_to_end]

HTML = {"Content-Type": "text/html; charset=utf-8"}


def page(head: str) -> Page:
    return Page(body=f"<!doctype html><html><head>{head}</head><body>hello".encode(), headers=HTML)


def in_seconds(seconds: int) -> Callable[[datetime], datetime]:
    return lambda now: now + timedelta(seconds=seconds)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A site, and what must become of its logo."""

    pages: Mapping[str, Page]
    outcome: OutcomeKind
    size: tuple[int, int] | None = None
    source: str | None = None
    wait: tuple[timedelta, timedelta] | None = None
    """Bounds of the time until the next attempt."""


WEEK = (timedelta(days=7), timedelta(days=7))
NEVER = threading.Event()

SCENES = {
    "links": Scene(
        pages={
            "/": page(
                '<link rel="icon" href="/small.png" sizes="32x32">'
                '<link rel="apple-touch-icon" href="/touch.png" sizes="180x180">'
            ),
            "/small.png": Page(body=picture(32)),
            "/touch.png": Page(body=picture(180)),
        },
        outcome=OutcomeKind.FOUND,
        size=(180, 180),
        source="https://links.test/touch.png",
        wait=WEEK,
    ),
    "manifest": Scene(
        pages={
            "/": page('<link rel="manifest" href="/app/site.webmanifest">'),
            "/app/site.webmanifest": Page(
                body=b'{"icons": [{"src": "icon-192.png", "sizes": "192x192"},'
                b'{"src": "icon-512.png", "sizes": "512x512", "purpose": "any"},'
                b'{"src": "mono.png", "sizes": "512x512", "purpose": "monochrome"}]}'
            ),
            "/app/icon-192.png": Page(body=picture(192)),
            "/app/icon-512.png": Page(body=picture(512)),
        },
        outcome=OutcomeKind.FOUND,
        size=(512, 512),
        source="https://manifest.test/app/icon-512.png",
    ),
    "ico": Scene(
        pages={"/": page(""), "/favicon.ico": Page(body=ico(16, 32, 64))},
        outcome=OutcomeKind.FOUND,
        size=(64, 64),
        source="https://ico.test/favicon.ico",
    ),
    "vector": Scene(
        pages={
            "/": page('<link rel="icon" href="/icon.svg" type="image/svg+xml" sizes="any">'),
            "/icon.svg": Page(body=svg()),
        },
        outcome=OutcomeKind.FOUND,
        size=(512, 512),
    ),
    "data-uri": Scene(
        pages={"/": page(f'<link rel="icon" sizes="any" href="data:image/svg+xml,{quote(svg())}">')},
        outcome=OutcomeKind.FOUND,
        size=(512, 512),
    ),
    "base": Scene(
        pages={
            "/": page('<base href="/assets/v2/"><link rel="icon" href="logo.png" sizes="128x128">'),
            "/assets/v2/logo.png": Page(body=picture(128)),
        },
        outcome=OutcomeKind.FOUND,
        size=(128, 128),
        source="https://base.test/assets/v2/logo.png",
    ),
    "redirects": Scene(
        pages={
            "/": Page(status=301, headers={"Location": "https://www.redirects.test/en/"}),
            "www:/en/": page('<link rel="apple-touch-icon" href="touch.png">'),
            "www:/en/touch.png": Page(status=302, headers={"Location": "/real.png"}),
            "www:/real.png": Page(body=picture(180)),
        },
        outcome=OutcomeKind.FOUND,
        size=(180, 180),
    ),
    "none": Scene(
        pages={"/": page("<title>no icon</title>")},
        outcome=OutcomeKind.NOT_FOUND,
        wait=(timedelta(days=3), timedelta(days=3)),
    ),
    "application": Scene(
        pages={
            path: page("a single-page application")
            for path in ("/", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png", "/favicon.ico")
        },
        outcome=OutcomeKind.INVALID_IMAGE,
    ),
    "slow": Scene(
        pages={"/": Page(wait_for=NEVER)},
        outcome=OutcomeKind.TRANSIENT,
        wait=(timedelta(minutes=2.5), timedelta(minutes=5)),
    ),
    "broken": Scene(
        pages={
            "/": page('<link rel="apple-touch-icon" href="/touch.png">'),
            "/touch.png": Page(body=picture(180), missing_bytes=100),
        },
        outcome=OutcomeKind.TRANSIENT,
    ),
    "throttled": Scene(
        pages={"/": Page(status=429, headers={"Retry-After": "7200"})},
        outcome=OutcomeKind.THROTTLED,
        wait=(timedelta(hours=2) - timedelta(seconds=30), timedelta(hours=2)),
    ),
    "down": Scene(
        pages={"/": Page(status=503)},
        outcome=OutcomeKind.TRANSIENT,
        wait=(timedelta(minutes=2.5), timedelta(minutes=5)),
    ),
    "forbidden": Scene(
        pages={"/": Page(status=403)},
        outcome=OutcomeKind.BLOCKED,
        wait=(timedelta(days=1), timedelta(days=1)),
    ),
}


def sites_of(name: str, scene: Scene) -> Mapping[str, Mapping[str, Page]]:
    """`www:/path` stands for the site's www host."""
    host = f"{name}.test"
    apex = {path: shown for path, shown in scene.pages.items() if not path.startswith("www:")}
    www = {path.removeprefix("www:"): shown for path, shown in scene.pages.items() if path.startswith("www:")}
    return {host: apex} | ({f"www.{host}": www} if www else {})


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback(tmp_path) as loopback:
        for name, value in loopback.environment.items():
            monkeypatch.setenv(name, value)
        yield loopback


@pytest.fixture
def settings(tmp_path: Path, database_url: str, internet: Loopback) -> Settings:  # the environment it sets
    catalog = tmp_path / "sites.csv"
    lines = ["key,name,domain", *(f"{name},{name.title()},{name}.test" for name in SCENES)]
    catalog.write_text("\n".join(lines))
    return Settings(
        dir=tmp_path / "logos",
        database_url=database_url,
        catalog=catalog,
        providers=["site"],
        request_timeout_seconds=1,
        retries=1,
        logo_timeout_seconds=20,
    )


def record_of(cache: LogoCache, key: str) -> LogoRecord:
    logo = cache.get(key)
    assert logo is not None
    return logo.record


def test_each_site_gives_the_right_image_or_the_right_outcome(internet: Loopback, settings: Settings) -> None:
    for name, scene in SCENES.items():
        internet.sites |= sites_of(name, scene)
    started = datetime.now(UTC)
    with open_cache(settings) as cache:
        report = cache.init(list(SCENES))
        outcomes = {logo.key: logo.outcome for logo in report.logos}
        assert outcomes == {name: scene.outcome for name, scene in SCENES.items()}
        for name, scene in SCENES.items():
            logo = cache.get(name)
            assert logo is not None, "a monogram stands in where there is no logo"
            found = scene.outcome is OutcomeKind.FOUND
            assert logo.record.status is (Status.CACHED if found else Status.PLACEHOLDER), name
            if scene.size is not None:
                with Image.open(logo.path) as image:
                    assert (image.format, image.size) == ("PNG", scene.size), name
            if scene.source is not None:
                assert logo.record.source_url == scene.source
            if scene.wait is not None and logo.record.next_attempt_at is not None:
                shortest, longest = scene.wait
                assert started + shortest <= logo.record.next_attempt_at <= datetime.now(UTC) + longest, name
    assert_nothing_asked_twice(internet)


def assert_nothing_asked_twice(internet: Loopback) -> None:
    """Beyond the one retry that the settings allow for what can heal."""
    urls = internet.urls()
    for name, scene in SCENES.items():
        heals = scene.outcome in {OutcomeKind.TRANSIENT, OutcomeKind.THROTTLED}
        for url in {url for url in urls if url.startswith((f"{name}.test", f"www.{name}.test"))}:
            # A site that does not answer over https is tried over http: the same path, another question.
            assert urls.count(url) <= (4 if heals else 1), url


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
        sizes = {name: stored.size for name in names if (stored := record_of(cache, name).file)}
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
        assert sum(path.stat().st_size for path in settings.dir.glob("*.png")) == stats.size_bytes
        assert cache.verify().ok
