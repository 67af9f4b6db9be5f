"""Small icon sets in Iconify's format, and a CDN of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.bench import Bench
from harness.factories import make_integration
from harness.fakes import FakeProvider, Reply, reply
from logocache.ports import Answer
from logocache.providers.iconify import KeptSets, load
from logocache.providers.iconsets import IconSetProvider
from logocache.store.icon_set_files import IconSetFiles

CDN = "https://cdn.jsdelivr.net/npm"
INFO = {"name": "SVG Logos", "author": {"name": "Gil"}, "license": {"title": "CC0", "spdx": "CC0-1.0"}}
CIRCLE = '<circle cx="128" cy="128" r="120" fill="#00aa55"/>'


def icon_set(*slugs: str, prefix: str = "logos", body: str = CIRCLE) -> bytes:
    """The `icons.json` of a set."""
    icons = {slug: {"body": body} for slug in slugs}
    return json.dumps({"prefix": prefix, "icons": icons, "width": 256, "height": 256}).encode()


def package(content: bytes, *, name: str = "logos", icons: Answer | None = None) -> dict[str, Reply]:
    """Answers of a CDN for a set's package; `icons` has further facts of the answer with `content`."""
    base = f"{CDN}/@iconify-json/{name}"
    about = {"name": f"@iconify-json/{name}", "version": "1.2.3"}
    return {
        f"{base}/icons.json": replace(icons or reply(), body=content),
        f"{base}/info.json": reply(body=json.dumps(INFO).encode()),
        f"{base}/package.json": reply(body=json.dumps(about).encode()),
    }


def write_package(folder: Path, content: bytes) -> Path:
    """The folder of an npm package."""
    folder.mkdir(parents=True)
    (folder / "icons.json").write_bytes(content)
    (folder / "info.json").write_text(json.dumps(INFO))
    (folder / "package.json").write_text(json.dumps({"name": "@iconify-json/logos", "version": "1.2.3"}))
    return folder


ICONS = f"{CDN}/@iconify-json/logos/icons.json"


def make_bench(
    folder: Path,
    replies: Mapping[str, Reply] | None = None,
    *,
    files: Sequence[Path] = (),
    **settings: Any,
) -> Bench:
    """Two entries of which only icon sets may have a logo, one of them with a name in `logos`.

    `files` are the operator's (LOGO_CACHE_ICONIFY_FILES).
    """
    sets = IconSetFiles(folder / "logos" / ".logocache")
    kept = KeptSets(partial(sets.paths, ("logos",)))
    defaults = {"iconify_sets": ("logos",), "providers": ("site", "iconsets"), "iconify_files": files}
    return Bench(
        folder,
        integrations=[make_integration("acme", icons={"logos": "acme-icon"}), make_integration("globex")],
        chain=[FakeProvider(), IconSetProvider([load(path) for path in files], kept)],
        replies=dict(replies or {}),
        settings=defaults | settings,
    )


def requests(bench: Bench) -> list[str]:
    """The files of packages that were asked for."""
    return [url.removeprefix(f"{CDN}/@iconify-json/") for url in bench.fetcher.urls if url.startswith(CDN)]


def sources(bench: Bench) -> dict[str, str | None]:
    """Where the logo of each entry is from."""
    with bench.repository() as repository:
        records = [repository.get(key) for key in ("acme", "globex")]
    return {record.key: record.source_url for record in records if record is not None}
