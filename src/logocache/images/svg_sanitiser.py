"""Sanitise an untrusted SVG: only drawn elements remain, with no external references.

The output is built from allow-lists; no original text is copied verbatim.
"""

import base64
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree.ElementTree import Element, TreeBuilder
from xml.sax.saxutils import quoteattr

from defusedxml.common import EntitiesForbidden
from defusedxml.ElementTree import DefusedXMLParser

from logocache.images.errors import ImageRefused, refusing
from logocache.images.raster import opened
from logocache.images.sniff import ImageFormat, sniff
from logocache.images.svg_cascade import resolve
from logocache.images.svg_effort import Effort

EMBEDDABLE = {ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.GIF, ImageFormat.WEBP}

# All of these take linear time: no two repetitions can match the same character.
_FRAGMENT = re.compile(r"#[^\s\"'()\\<>]+")
_DATA = re.compile(r"data:image/[a-z.+-]+;base64,", re.IGNORECASE)
_URL_OPEN = re.compile(r"url\s*\(", re.IGNORECASE)
_URL = re.compile(r"url\s*\(([^()]*)\)", re.IGNORECASE)
_IMPORT = re.compile(r"@import\b[^;{}]*;?", re.IGNORECASE)


def fragment(reference: str) -> str | None:
    """`reference` if it is a fragment (`#name`); None for anything else."""
    found = _FRAGMENT.fullmatch(reference.strip())
    return found[0] if found else None


def clean_value(value: str) -> str | None:
    """An attribute value or style text without comments, in which every `url(…)` is a fragment or `none`.

    None when the text must be dropped: it has CSS escapes, unclosed comments or an unclosed `url(`.
    """
    value, *commented = value.split("/*")
    for part in commented:
        _, end, behind = part.partition("*/")
        if not end:
            return None
        value += " " + behind
    value = _IMPORT.sub(" ", value)
    if "\\" in value or len(_URL_OPEN.findall(value)) != len(_URL.findall(value)):
        return None
    return _URL.sub(_local_url, value)


def embedded_raster(reference: str, *, max_pixels: int) -> tuple[str, int] | None:
    """A `data:` URI of an embedded raster image, rewritten with its detected type, and its pixels.

    None when the bytes are no such image. Raises `ImageRefused` when the image is broken or has more
    than `max_pixels`: a drawing without it would pass for the logo.
    """
    prefix = _DATA.match(reference.lstrip())
    if prefix is None:
        return None
    encoded = "".join(reference.lstrip()[prefix.end() :].split())
    try:
        body = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        return None
    image_format = sniff(body)
    if image_format is None or image_format not in EMBEDDABLE:
        return None
    with opened(body, image_format) as image:
        pixels = image.width * image.height
    if pixels > max_pixels:
        raise ImageRefused("the images embedded in an SVG have too many pixels")
    return f"data:image/{image_format};base64,{base64.b64encode(body).decode('ascii')}", pixels


def _local_url(url: re.Match[str]) -> str:
    local = fragment(url[1].strip().strip("\"'"))
    return f"url({local})" if local else "none"


DEEPEST = 100
MOST_ELEMENTS = 50_000
MOST_ENTITIES = 100
LONGEST_ENTITY = 1000
MOST_EXPANDED = 1_000_000
"""Characters that the entities of a document may add to it."""

SVG_NAMESPACE = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeSVG:
    """A sanitised document, the attributes of its root element, and the pixels of all images in it."""

    text: str
    pixels: int
    root: Mapping[str, str]
    lost: str | None = None
    """What a browser would draw and this document no longer says, in words."""


def sanitise(document: bytes, *, max_pixels: int, is_dark: bool = False) -> SafeSVG:
    """Sanitise `document`, with all style sheets resolved into attributes, for a light page or a dark one.

    Raises `ImageRefused` for broken XML, entities that are more than plain text, excessive depth or size,
    embedded images of more than `max_pixels` in total, and drawings estimated to take too long. A document
    type is skipped; its external part is never loaded.
    """
    writer = _Writer(max_pixels)
    with refusing("a broken SVG"):
        parser = _Parser(document)
        try:
            parser.feed(document)
            root: Element = parser.close()
        except EntitiesForbidden as error:
            raise ImageRefused("an SVG with entities that are not short plain text") from error
        writer.lost = resolve(root, view_box(root.get("viewBox")), is_dark=is_dark)
        writer.write(root)
        writer.check_references()
        writer.effort.check()
    return SafeSVG(text="".join(writer.parts), root=writer.root, pixels=writer.pixels, lost=writer.lost)


def view_box(text: str | None) -> tuple[float, float] | None:
    """Width and height of a view box; None when there is no usable one."""
    try:
        _, _, width, height = (float(number) for number in (text or "").replace(",", " ").split())
    except ValueError:
        return None
    # Excludes NaN and infinity.
    return (width, height) if 0 < width < math.inf and 0 < height < math.inf else None


class _Builder(TreeBuilder):
    """Builds a tree of at most `MOST_ELEMENTS` elements, `DEEPEST` deep."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = 0
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST or self._elements > MOST_ELEMENTS:
            raise ImageRefused(f"an SVG of more than {MOST_ELEMENTS} elements, or more than {DEEPEST} deep")
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag)


class _Parser(DefusedXMLParser):
    """Replaces entities that are short plain text, as drawing programs declare for namespaces."""

    def __init__(self, document: bytes) -> None:
        super().__init__(target=_Builder(), forbid_entities=True, forbid_external=True)
        self._references = document.count(b"&")
        self._entities = 0

    def defused_entity_decl(
        self,
        name: str,
        is_parameter_entity: bool,  # noqa: FBT001 - as expat calls it
        value: str | None,
        base: str | None,
        sysid: str,
        pubid: str | None,
        notation_name: str | None,
    ) -> None:
        self._entities += 1
        is_plain = value is not None and len(value) <= LONGEST_ENTITY and not set("&<%") & set(value)
        if (
            is_parameter_entity
            or not is_plain
            or self._entities > MOST_ENTITIES
            or self._references * len(value or "") > MOST_EXPANDED
        ):
            super().defused_entity_decl(name, is_parameter_entity, value, base, sysid, pubid, notation_name)


# Elements that draw or are used to draw. All others are dropped with their contents: scripts, animations
# (they can set a reference later), foreignObject, metadata, and text, for which no font is loaded.
_CONTAINERS = {"svg", "g", "defs", "symbol", "use", "switch"}
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image", "marker"}
_PAINT = {"linearGradient", "radialGradient", "stop", "pattern", "clipPath", "mask", "filter"}
_DRAWN = _CONTAINERS | _SHAPES | _PAINT
_FILTER_PRIMITIVE = re.compile(r"fe[A-Z][A-Za-z]+")
_EMBEDDING = {"image", "feImage"}


_LOST = {
    "text": "text, for which there is no font",
    "foreignObject": "HTML inside",
}
"""Elements that draw in a browser."""


class _Writer:
    """Writes the allowed part of a tree, and notes what is lost."""

    def __init__(self, max_pixels: int) -> None:
        self.parts: list[str] = []
        self.root: Mapping[str, str] = MappingProxyType({})
        self.effort = Effort()
        self.pixels = 0
        self.lost: str | None = None
        self._max_pixels = max_pixels
        self._ids: set[str] = set()
        self._referred: set[str] = set()

    def write(self, node: Element, *, is_seen: bool = True) -> None:
        """Write `node` and all below it; the tree is at most `DEEPEST` deep."""
        name = _drawn_name(node.tag)
        is_seen = is_seen and node.get("display") != "none"
        if name is None:
            self._note_lost(node, is_seen=is_seen)
            return
        pixels = self.pixels
        kept = self._kept_attributes(name, node.attrib)
        self.effort.begin(name, kept, image_pixels=self.pixels - pixels)
        namespace = ""
        if not self.parts:
            self.root = kept
            namespace = f' xmlns="{SVG_NAMESPACE}"'
        attributes = "".join(f" {attribute}={quoteattr(value)}" for attribute, value in kept.items())
        self.parts.append(f"<{name}{namespace}{attributes}>")
        self._note_references(name, node, kept, is_seen=is_seen)
        for child in node:
            self.write(child, is_seen=is_seen)
        self.effort.end()
        self.parts.append(f"</{name}>")

    def check_references(self) -> None:
        """Note references to elements that are not there."""
        if missing := self._referred - self._ids:
            self.lost = self.lost or f"a reference to {min(missing)[:60]}, which is not in it"

    def _note_lost(self, node: Element, *, is_seen: bool) -> None:
        namespace, _, name = str(node.tag).rpartition("}")
        if not is_seen or namespace not in {"{" + SVG_NAMESPACE, ""} or node.get("requiredExtensions"):
            return
        if name in _LOST and "".join(node.itertext()).strip():
            self.lost = self.lost or _LOST[name]

    def _note_references(self, name: str, node: Element, kept: Mapping[str, str], *, is_seen: bool) -> None:
        self._ids.add("#" + kept.get("id", ""))
        if not is_seen:
            return
        for paint in (kept.get("fill", ""), kept.get("stroke", "")):
            if paint.startswith("url(") and paint.endswith(")"):  # without a fallback
                self._referred.add(paint[4:-1])
        if name == "use":
            self._referred.add(kept.get("href", "#"))
        elif name == "image" and "href" not in kept and any(tag.endswith("href") for tag in node.attrib):
            self.lost = self.lost or "an image elsewhere, or of another kind"

    def _kept_attributes(self, element: str, attributes: Mapping[str, str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for tag, value in attributes.items():
            namespace, _, name = tag.rpartition("}")
            if name == "href":
                clean = self._reference(element, value)
            elif namespace or name.startswith("on"):
                clean = None
            else:
                clean = clean_value(value)
            if clean is not None:
                kept[name] = clean
        return kept

    def _reference(self, element: str, value: str) -> str | None:
        if element not in _EMBEDDING:
            return fragment(value)
        raster = embedded_raster(value, max_pixels=self._max_pixels - self.pixels)
        if raster is None:
            # A filter may use an element of the document as its image.
            return fragment(value)
        clean, pixels = raster
        self.pixels += pixels
        return clean


def _drawn_name(tag: str) -> str | None:
    """The name under which an element is written; None if it is dropped.

    Elements without a namespace count as SVG, as in icons copied from HTML pages.
    """
    namespace, _, name = tag.rpartition("}")
    if namespace not in {"{" + SVG_NAMESPACE, ""}:
        return None
    if name == "a":
        return "g"
    return name if name in _DRAWN or _FILTER_PRIMITIVE.fullmatch(name) else None
