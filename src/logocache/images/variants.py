"""A stored logo in another size or format, or in grey.

Runs in the calling process: it decodes nothing but what we encoded ourselves.
"""

import io
from typing import assert_never

from PIL import Image

from logocache.images import inspect
from logocache.images.colour import without_metadata
from logocache.images.header import stored_size
from logocache.images.png import pack
from logocache.images.raster import load_plugin, opened
from logocache.images.refusal import ImageRefused
from logocache.images.scaling import fitted
from logocache.variant import ImageFormat, Variant

JPEG_QUALITY = 85
WEBP_QUALITY = 80
WEBP_METHOD = 4
"""Method 6 takes fifty times as long, and saves a few bytes in a hundred."""

_STORED_MODES = {"RGB", "RGBA"}


def derive(png: bytes, variant: Variant) -> bytes:
    """The logo as `variant` wants it, without metadata; the same input gives the same bytes.

    Raises:
        ValueError: `png` is not a PNG as `images.png` makes it, or has a side of more than 512 px;
            this shows before anything is decoded.
    """
    stored_size(png)
    picture = _decoded(png)
    if variant.is_stored_form:
        return png
    if variant.size is not None:
        picture = fitted(picture, variant.size)
    if variant.greyscale:
        picture = picture.convert("LA" if picture.mode == "RGBA" else "L")
    match variant.format:
        case ImageFormat.PNG:
            return pack(picture)
        case ImageFormat.JPG:
            return _jpeg(picture)
        case ImageFormat.WEBP:
            return _webp(picture)
        case _:
            assert_never(variant.format)


def _decoded(png: bytes) -> Image.Image:
    try:
        with opened(png, inspect.ImageFormat.PNG) as image:
            # A second header may say what the first one, which was looked at, did not.
            if image.mode not in _STORED_MODES or image.size != stored_size(png):
                raise ImageRefused("an image that is no PNG of ours")
            image.load()
            return without_metadata(image.copy())
    except ImageRefused as refused:
        raise ValueError(refused.rejection.reason) from refused


def _jpeg(picture: Image.Image) -> bytes:
    """On white, as JPEG knows no transparency. Colours in full resolution: logos are all sharp edges
    between strong colours, which the usual 4:2:0 smears.
    """
    if picture.mode in {"LA", "RGBA"}:
        colour = picture.mode.removesuffix("A")
        paper = Image.new(colour, picture.size, "white")
        paper.paste(picture.convert(colour), mask=picture.getchannel("A"))
        picture = paper
    file = io.BytesIO()
    picture.save(file, format="JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True, subsampling=0)
    return file.getvalue()


def _webp(picture: Image.Image) -> bytes:
    load_plugin(inspect.ImageFormat.WEBP)
    # WebP has no grey of its own.
    colour = picture.convert("RGBA" if picture.mode in {"LA", "RGBA"} else "RGB")
    file = io.BytesIO()
    colour.save(file, format="WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)
    return file.getvalue()
