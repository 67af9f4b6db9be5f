"""Which references of an SVG survive: fragments of itself, and rasters it carries with it.

resvg opens any local file that an `<image href>` names, and a nested SVG in a `data:` URI brings
its own references. So everything is dropped that is not shown here to be harmless.
"""

import base64
import re

from logocache.images.inspect import ImageFormat, sniff
from logocache.images.raster import opened
from logocache.images.refusal import ImageRefused

EMBEDDABLE = {ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.GIF, ImageFormat.WEBP}

# None of these can take more than linear time: no two repetitions can match the same character.
_FRAGMENT = re.compile(r"#[^\s\"'()\\<>]+")
_DATA = re.compile(r"data:image/[a-z.+-]+;base64,", re.IGNORECASE)
_URL_OPEN = re.compile(r"url\s*\(", re.IGNORECASE)
_URL = re.compile(r"url\s*\(([^()]*)\)", re.IGNORECASE)
_IMPORT = re.compile(r"@import\b[^;{}]*;?", re.IGNORECASE)


def fragment(reference: str) -> str | None:
    """`#name` of `reference`; None for anything else."""
    found = _FRAGMENT.fullmatch(reference.strip())
    return found[0] if found else None


def clean_value(value: str) -> str | None:
    """An attribute's value or a style text, without comments, in which every `url(…)` is a fragment.

    Other references become `none`. None when the text hides what it says, by CSS escapes, odd
    comments or a `url(` that does not end: it is to be dropped whole.
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
    """A `data:` URI and its pixels, when its bytes, whatever it calls them, are a raster image.

    The URI is written anew, with the type that the bytes have. Raises `ImageRefused` when the image
    is broken or has more than `max_pixels`: a drawing without it would pass for the logo.
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
