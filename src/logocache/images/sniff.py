"""Detect image formats by content alone, never by a header, a name or a media type.

Pure and linear in the length of the input; nothing is decoded.
"""

import codecs
import re
from enum import StrEnum


class ImageFormat(StrEnum):
    """Supported input formats. The values are those of `ImageInfo.format`, and `svgz`."""

    PNG = "png"
    JPEG = "jpeg"
    GIF = "gif"
    WEBP = "webp"
    AVIF = "avif"
    BMP = "bmp"
    ICO = "ico"
    SVG = "svg"
    SVGZ = "svgz"
    """A gzip file, which may contain an SVG."""


def sniff(body: bytes) -> ImageFormat | None:
    """The format by the beginning of `body`; None for anything unsupported."""
    for image_format, signature in _SIGNATURES:
        if signature.match(body):
            return image_format
    if _is_avif(body):
        return ImageFormat.AVIF
    if _first_element(_text(body)).rpartition(":")[2] == "svg":
        return ImageFormat.SVG
    return None


def describe(body: bytes) -> str:
    """Describe a body that `sniff` does not recognise, as the end of "it is …"."""
    if not body:
        return "empty"
    text = _text(body)
    element = _first_element(text)
    if element.lower() in {"html", "head", "body", "title", "meta", "script"} or _HTML_DOCTYPE.search(text):
        return "HTML, not an image"
    if element:
        return f"XML or HTML that begins with <{element[:40]}>, not an image"
    if text.lstrip().startswith(("{", "[")):
        return "JSON or text, not an image"
    return f"of no known image format (it begins with {body[:8].hex(' ')})"


_SIGNATURES = tuple(
    (image_format, re.compile(pattern, re.DOTALL))
    for image_format, pattern in (
        (ImageFormat.PNG, rb"\x89PNG\r\n\x1a\n"),
        (ImageFormat.JPEG, rb"\xff\xd8\xff"),
        (ImageFormat.GIF, rb"GIF8[79]a"),
        (ImageFormat.WEBP, rb"RIFF.{4}WEBP"),
        # "BM" alone begins many texts: the size of the second header is part of the signature.
        (ImageFormat.BMP, rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00"),
        (ImageFormat.ICO, rb"\x00\x00\x01\x00(?!\x00\x00).{2}"),
        (ImageFormat.SVGZ, rb"\x1f\x8b\x08"),
    )
)
_HTML_DOCTYPE = re.compile(r"\A\s*<!doctype\s+html", re.IGNORECASE)
_ELEMENT = re.compile(r"<([A-Za-z_][\w.:-]*)(?=[\s/>])")
_PROLOGUE = re.compile(
    r"\s+|<!--.*?-->|<\?.*?\?>|<!(?!--)[^\[>]*(?:\[[^\]]*\][^>]*)?>",
    re.DOTALL,
)


def _is_avif(body: bytes) -> bool:
    """True for an ISO base media file whose major or compatible brands (ISO/IEC 14496-12, 4.3) name AVIF."""
    if body[4:8] != b"ftyp":
        return False
    box = body[8 : min(int.from_bytes(body[:4]), 512)]
    return any(box[at : at + 4] in {b"avif", b"avis"} for at in (0, *range(8, len(box), 4)))


def _text(body: bytes) -> str:
    """`body` as text, by its byte order mark; without one as Latin-1, which is enough to find markup."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if body.startswith(mark):
            return body.removeprefix(mark).decode(encoding, errors="replace")
    return body.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _first_element(text: str) -> str:
    """The name of the first element after declarations, comments and doctype; else empty."""
    at = 0
    while skipped := _PROLOGUE.match(text, at):
        at = skipped.end()
    element = _ELEMENT.match(text, at)
    return element[1] if element else ""
