"""Sanitise an untrusted SVG: only drawn elements remain, with no external references.

One pass over the parser's events, without recursion. The output is built from allow-lists; no original
text is copied verbatim.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

from defusedxml.common import EntitiesForbidden
from defusedxml.ElementTree import DefusedXMLParser

from logocache.images.errors import ImageRefused, refusing
from logocache.images.raster import opened
from logocache.images.sniff import ImageFormat, sniff
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

SVG_NAMESPACE = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeSVG:
    """A sanitised document, the attributes of its root element, and the pixels of all images in it."""

    text: str
    pixels: int
    root: Mapping[str, str]


def sanitise(document: bytes, *, max_pixels: int) -> SafeSVG:
    """Sanitise `document`.

    Raises `ImageRefused` for broken XML, entities, excessive depth or size, embedded images of more
    than `max_pixels` in total, and drawings estimated to take too long. A document type is skipped; its
    external part is never loaded.
    """
    writer = _Writer(max_pixels)
    with refusing("a broken SVG"):
        parser = DefusedXMLParser(target=writer, forbid_entities=True, forbid_external=True)
        try:
            parser.feed(document)
            parser.close()
        except EntitiesForbidden as error:
            raise ImageRefused("an SVG that declares entities") from error
        writer.effort.check()
    return SafeSVG(text="".join(writer.parts), root=writer.root, pixels=writer.pixels)


# Elements that draw or are used to draw. All others are dropped with their contents: scripts, animations
# (they can set a reference later), foreignObject, metadata, and text, for which no font is loaded.
_CONTAINERS = {"svg", "g", "defs", "symbol", "use", "switch", "style"}
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image", "marker"}
_PAINT = {"linearGradient", "radialGradient", "stop", "pattern", "clipPath", "mask", "filter"}
_DRAWN = _CONTAINERS | _SHAPES | _PAINT
_FILTER_PRIMITIVE = re.compile(r"fe[A-Z][A-Za-z]+")
_EMBEDDING = {"image", "feImage"}


class _Writer:
    """The parser's target; method names as `XMLParser` requires."""

    def __init__(self, max_pixels: int) -> None:
        self.parts: list[str] = []
        self.root: Mapping[str, str] = MappingProxyType({})
        self.effort = Effort()
        self.pixels = 0
        self._max_pixels = max_pixels
        self._elements = 0
        self._depth = 0
        self._dropped_depth = 0
        """Depth of the element being dropped with its contents; 0 for none."""
        self._style: list[str] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST or self._elements > MOST_ELEMENTS:
            raise ImageRefused(f"an SVG of more than {MOST_ELEMENTS} elements, or more than {DEEPEST} deep")
        if self._dropped_depth:
            return
        name = _drawn_name(tag)
        if name is None or self._style is not None:
            self._dropped_depth = self._depth
            return
        pixels = self.pixels
        kept = self._kept_attributes(name, attributes)
        self.effort.begin(name, kept, image_pixels=self.pixels - pixels)
        if self._depth == 1:
            self.root = kept
            self.parts.append(f'<svg xmlns="{SVG_NAMESPACE}"')
        else:
            self.parts.append(f"<{name}")
        self.parts.extend(f" {attribute}={quoteattr(value)}" for attribute, value in kept.items())
        self.parts.append(">")
        self._style = [] if name == "style" else None

    def end(self, tag: str) -> None:
        if not self._dropped_depth:
            if self._style is not None:
                sheet = clean_value("".join(self._style)) or ""
                self.effort.style(sheet)
                self.parts.append(escape(sheet))
                self._style = None
            self.effort.end()
            self.parts.append(f"</{_drawn_name(tag)}>")
        elif self._dropped_depth == self._depth:
            self._dropped_depth = 0
        self._depth -= 1

    def data(self, text: str) -> None:
        if self._style is not None and not self._dropped_depth:
            self._style.append(text)

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
