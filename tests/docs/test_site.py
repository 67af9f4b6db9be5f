"""The documentation site builds without a warning, and a reader's browser asks nobody but the site."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.pages import DOCS, ROOT, all_pages

pytestmark = pytest.mark.docs

LOADED_BY = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
}
"""Loaded by a browser by itself. Links that a reader may follow are another matter."""
ELSEWHERE = re.compile(r"\s*(?:[a-z]+:)?//", re.IGNORECASE)


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(site)],
        cwd=source,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    result = build(ROOT, folder)
    assert result.returncode == 0, result.stderr
    assert "WARNING" not in result.stderr
    return folder


class Loads(HTMLParser):
    """Collects what a page loads, and the classes that make the theme's script load more."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.addresses += [given[name] for name in LOADED_BY.get(tag, ()) if name in given]
        self.classes |= set(given.get("class", "").split())


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    """The theme fetches Mermaid from a CDN for pages that have such a diagram, so none may."""
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(list(DOCS.rglob("*.md")))  # and one for "not found"
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert [address for address in loads.addresses if ELSEWHERE.match(address)] == [], page
        assert "mermaid" not in loads.classes, page


def test_no_style_or_drawing_loads_anything_from_elsewhere(site: Path) -> None:
    for file in (*site.rglob("*.css"), *site.rglob("*.svg")):
        text = file.read_text(encoding="utf-8")
        loaded = re.findall(r"""url\(["']?([^)"']+)|@import ["']([^"']+)|href=["']([^"']+)""", text)
        assert [item for item in loaded if ELSEWHERE.match("".join(item))] == [], file


def test_every_page_can_be_found_by_searching(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    written = {page.relative_to(DOCS).with_suffix(".html").as_posix() for page in DOCS.rglob("*.md")}
    assert found == written


def test_every_fault_is_noticed(tmp_path: Path) -> None:
    """A build that overlooks faults would make the fixture above worthless."""
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs")
    (tmp_path / "docs" / "lost.md").write_text(
        "[page](nothing.md) [heading](concepts.md#nothing) [folder](adr/) ![picture](nothing.png)\n",
        encoding="utf-8",
    )
    result = build(tmp_path, tmp_path / "site")
    assert result.returncode != 0
    assert 'not included in the "nav" configuration:\n  - lost.md' in result.stderr
    for target in ("'nothing.md'", "'#nothing'", "'adr/'", "'nothing.png'"):
        assert target in result.stderr


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_beside_the_source_leads_somewhere(page: Path) -> None:
    """For readers of the pages in the repository, without the site."""
    links = re.findall(r"\]\((?![a-z]+:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_is_listed() -> None:
    listed = re.findall(
        r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
    )
    assert listed == sorted(page.name for page in (DOCS / "adr").glob("[0-9]*.md"))
