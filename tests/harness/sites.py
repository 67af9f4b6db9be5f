"""Sites as companies have them, and what comes of each."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from harness.internet import Page
from harness.pictures import ico, picture, svg
from logocache.model import OutcomeKind

HTML = {"Content-Type": "text/html; charset=utf-8"}


def page(head: str) -> Page:
    return Page(body=f"<!doctype html><html><head>{head}</head><body>hello".encode(), headers=HTML)


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
