"""Icon sets in Iconify's format: https://iconify.design/docs/types/iconify-json.html."""

import json
import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from logocache.errors import ProviderError
from logocache.ports import IconSetDocument
from logocache.settings.sources import iconify_file, read_input

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """SVG content and its box. It is flipped first, then rotated clockwise."""

    body: str
    left: float
    top: float
    width: float
    height: float
    quarter_turns: int = 0
    """0 to 3."""
    is_flipped_horizontally: bool = False
    is_flipped_vertically: bool = False


def svg(drawing: Drawing) -> str | None:
    """The SVG document, its view box at 0, 0; None for a box without area."""
    left, top, width, height = drawing.left, drawing.top, drawing.width, drawing.height
    if width <= 0 or height <= 0:
        return None
    transformations = [*_turn(drawing), *_flip(drawing), f"translate({0 - left:g} {0 - top:g})"]
    if drawing.quarter_turns % 2:
        width, height = height, width
    group = f'<g transform="{" ".join(transformations)}">{drawing.body}</g>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:g} {height:g}">{group}</svg>'
    )


def _flip(drawing: Drawing) -> list[str]:
    """Transformations that mirror the box 0, 0, width, height in itself."""
    if not drawing.is_flipped_horizontally and not drawing.is_flipped_vertically:
        return []
    across, down = drawing.is_flipped_horizontally, drawing.is_flipped_vertically
    moved = f"translate({drawing.width if across else 0:g} {drawing.height if down else 0:g})"
    return [moved, f"scale({-1 if across else 1} {-1 if down else 1})"]


def _turn(drawing: Drawing) -> list[str]:
    """Transformations that rotate the box 0, 0, width, height and move it back to 0, 0."""
    match drawing.quarter_turns:
        case 1:
            return [f"translate({drawing.height:g} 0)", "rotate(90)"]
        case 2:
            return [f"translate({drawing.width:g} {drawing.height:g})", "rotate(180)"]
        case 3:
            return [f"translate(0 {drawing.width:g})", "rotate(270)"]
        case _:
            return []


MAX_BYTES = 100_000_000
"""The largest published set has about 40 MB."""
MAX_INFO_BYTES = 1_000_000
"""An `info.json` has a few hundred."""
MAX_ALIASES = 10
"""Longest chain of aliases; a longer or circular one leads to no icon."""
DEFAULT_SIDE = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IconifySet:
    """A file with a valid outer structure; each icon is validated on access."""

    prefix: str
    licence: str | None
    attribution: str | None
    root: Mapping[str, object]
    icons: Mapping[str, object]
    aliases: Mapping[str, object]

    def svg(self, slug: str) -> str | None:
        """The icon as an SVG document, with `currentColor` left in; None when the set has none."""
        layers = tuple(self._layers(slug))
        if not layers or not isinstance(layers[-1].get("body"), str):
            return None
        return svg(merged(layers, self.root))

    def _layers(self, slug: str) -> Iterator[Mapping[str, object]]:
        """The aliases that lead to an icon, then the icon; nothing when they lead nowhere."""
        layers: list[Mapping[str, object]] = []
        name: object = slug
        for _ in range(MAX_ALIASES + 1):
            icon = self.icons.get(name) if isinstance(name, str) else None
            if isinstance(icon, dict):
                yield from (*layers, icon)
                return
            alias = self.aliases.get(name) if isinstance(name, str) else None
            if not isinstance(alias, dict):
                return
            layers.append(alias)
            name = alias.get("parent")


def load(path: Path) -> IconifySet:
    """The set in a file, or in the folder of an npm package. Its licence may be in `info.json` beside it.

    Raises:
        ProviderError: the file cannot be read, or is not an Iconify set; names the file and the rule.
    """
    path = iconify_file(path)
    try:
        content = read_input(path, most=MAX_BYTES)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ProviderError(
            f"the Iconify file {path} cannot be read ({reason})",
            hint="name a readable file in LOGO_CACHE_ICONIFY_FILES",
        ) from error
    document = _parsed(content, path)
    return _set_of(document, _mapping(document.get("info")) or _info_beside(path))


def check(content: bytes, info: bytes, package: bytes, *, source: str) -> IconSetDocument:
    """What the `icons.json`, `info.json` and `package.json` from `source` hold. The last two may be empty.

    Raises:
        ProviderError: the first is not an Iconify set with icons; names the source and the rule.
    """
    document = _parsed(content, source)
    about = _mapping(document.get("info"))
    if not about and (about := _read_mapping(info)):
        document = {**document, "info": about}
        content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    icons = _set_of(document, about)
    if not icons.icons:
        raise _broken(source, "it has no icons")
    packaged = _read_mapping(package)
    is_its_own = packaged.get("name") == f"@iconify-json/{icons.prefix}"
    return IconSetDocument(
        name=icons.prefix,
        content=content,
        icons=len(icons.icons) + len(icons.aliases),
        title=_text(about.get("name")),
        author=_text(_mapping(about.get("author")).get("name")),
        licence=icons.licence,
        version=_text(packaged.get("version")) if is_its_own else _text(about.get("version")),
    )


class KeptSets:
    """The sets at the paths that `paths` returns, each loaded once. Safe to use from several threads.

    One that cannot be read is logged once and left out.
    """

    def __init__(self, paths: Callable[[], Sequence[Path]]) -> None:
        self._paths = paths
        self._sets: dict[Path, IconifySet | None] = {}
        self._lock = threading.Lock()

    def __call__(self) -> Sequence[IconifySet]:
        with self._lock:
            paths = self._paths()
            self._sets = {path: self._sets[path] if path in self._sets else _loaded(path) for path in paths}
            return [icons for icons in self._sets.values() if icons is not None]


def _loaded(path: Path) -> IconifySet | None:
    try:
        return load(path)
    except ProviderError as error:
        _log.warning("icon_set.unreadable", extra={"file": str(path), "reason": error.problem})
        return None


def merged(layers: tuple[Mapping[str, object], ...], root: Mapping[str, object]) -> Drawing:
    """An icon with its aliases applied: rotations add up, flips cancel out, the first size wins."""

    def side(name: str, otherwise: float) -> float:
        numbers = (_number(layer.get(name)) for layer in (*layers, root))
        return next((number for number in numbers if number is not None), otherwise)

    turns = sum(int(_number(layer.get("rotate")) or 0) for layer in layers)
    return Drawing(
        body=str(layers[-1]["body"]),
        left=side("left", 0),
        top=side("top", 0),
        width=side("width", DEFAULT_SIDE),
        height=side("height", DEFAULT_SIDE),
        quarter_turns=turns % 4,
        is_flipped_horizontally=sum(layer.get("hFlip") is True for layer in layers) % 2 == 1,
        is_flipped_vertically=sum(layer.get("vFlip") is True for layer in layers) % 2 == 1,
    )


def _parsed(content: bytes, source: Path | str) -> Mapping[str, object]:
    """The document, its outer structure valid."""
    try:
        document: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _broken(source, "it is not JSON") from error
    if not isinstance(document, dict):
        raise _broken(source, "it is not an object")
    if not isinstance(document.get("prefix"), str) or not document["prefix"]:
        raise _broken(source, "its `prefix` is not a text")
    if not isinstance(document.get("icons"), dict):
        raise _broken(source, "its `icons` are not an object")
    return document


def _set_of(document: Mapping[str, object], info: Mapping[str, object]) -> IconifySet:
    return IconifySet(
        prefix=str(document["prefix"]),
        licence=_licence(_mapping(info.get("license"))),
        attribution=_attribution(info),
        root=document,
        icons=_mapping(document["icons"]),
        aliases=_mapping(document.get("aliases")),
    )


def _broken(source: Path | str, rule: str) -> ProviderError:
    return ProviderError(
        f"{source} is not an Iconify set: {rule}",
        hint="such a set is icons.json of npm's @iconify-json/logos",
    )


def _info_beside(path: Path) -> Mapping[str, object]:
    """The contents of the optional `info.json` in the same folder; empty if it is missing or invalid."""
    try:
        return _read_mapping(read_input(path.with_name("info.json"), most=MAX_INFO_BYTES))
    except OSError:
        return {}


def _read_mapping(content: bytes) -> Mapping[str, object]:
    try:
        return _mapping(json.loads(content))
    except (ValueError, RecursionError):
        return {}


def _licence(licence: Mapping[str, object]) -> str | None:
    return _text(licence.get("spdx")) or _text(licence.get("title"))


def _attribution(info: Mapping[str, object]) -> str | None:
    name, author = _text(info.get("name")), _text(_mapping(info.get("author")).get("name"))
    return f"{name} by {author}" if name and author else name


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value.strip()[:200] or None if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer beyond all floats
        return None
    return number if math.isfinite(number) else None
