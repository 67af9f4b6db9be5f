"""Manifests of web applications, among a site's other icons."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.web import MISS, SVG_LINK, Web, look, page, urls, well_known
from logocache.model import IconPurpose
from logocache.ports import Answer

MANIFEST_URL = "https://cdn.test/m/app.json"
MANIFEST_LINK = f"<link rel=manifest href={MANIFEST_URL}>"


def manifest(*icons: Mapping[str, str]) -> Answer:
    return page(json.dumps({"icons": icons}))


def test_the_manifests_icons_are_found_and_ranked_with_the_pages() -> None:
    answer = manifest(
        {"src": "mask.png", "purpose": "maskable", "sizes": "512x512"},
        {"src": "512.png", "sizes": "512x512"},
        {"src": "mono.png", "purpose": "monochrome", "sizes": "512x512"},
    )
    html = MANIFEST_LINK + "<link rel=icon sizes=32x32 href=/32.png>"
    found = look(Web({"https://example.com/": page(html), MANIFEST_URL: answer}))
    touch, precomposed, ico = (
        item for item in found if item.url in well_known("example.com")
    )  # fmt: skip
    named = [item.url for item in found if item not in (touch, precomposed, ico)]
    assert named == [
        "https://cdn.test/m/512.png",
        "https://cdn.test/m/mask.png",
        "https://example.com/32.png",
    ]
    assert found[1].purpose is IconPurpose.MASKABLE


def test_a_manifests_icons_are_relative_to_where_redirects_led() -> None:
    moved = replace(manifest({"src": "512.png", "sizes": "512x512"}), url="https://cdn.test/v2/app.json")
    web = Web({"https://example.com/": page(MANIFEST_LINK), MANIFEST_URL: moved})
    assert urls(web)[0] == "https://cdn.test/v2/512.png"


def test_icons_of_a_manifest_alone_are_enough() -> None:
    web = Web({"https://example.com/": page(MANIFEST_LINK), MANIFEST_URL: manifest({"src": "i.png"})})
    look(web)
    assert web.asked == ["https://example.com/", MANIFEST_URL]


@pytest.mark.parametrize("link", [SVG_LINK, "<link rel=apple-touch-icon href=/t.png>"])
def test_a_manifest_is_not_asked_for_when_the_page_has_a_large_icon(link: str) -> None:
    web = Web({"https://example.com/": page(MANIFEST_LINK + link)})
    look(web)
    assert web.asked == ["https://example.com/"]


def test_a_manifest_that_is_missing_changes_nothing() -> None:
    small = "<link rel=icon sizes=16x16 href=/16.png>"
    web = Web({"https://example.com/": page(MANIFEST_LINK + small), MANIFEST_URL: MISS})
    assert urls(web) == ["https://example.com/16.png", *well_known("example.com")]
