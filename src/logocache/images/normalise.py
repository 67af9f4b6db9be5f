"""Normalise untrusted image bytes to our own PNG, or reject them. Runs in decoder processes only."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PIL import ExifTags, Image, ImageOps

from logocache.images import raster
from logocache.images.errors import LARGEST_SVG, LONGEST_SIDE, DecodingFailed, ImageRefused, refusing
from logocache.images.raster import fitted, opened
from logocache.images.sniff import ImageFormat, describe, largest_frame, single_icon, sniff
from logocache.images.visibility import DARK, WHITE, look_of, shows, shows_on_dark
from logocache.model import ImageInfo
from logocache.ports import DecodingFailure, ImageRejection, NormalisedImage

SMALLEST_SIDE = 8
"""Smaller images cannot be recognised: they are spacers, bullets and tracking pixels."""
LARGEST_ASPECT = 8
"""Ratio of longest to shortest side. Wide wordmarks stay below it; rules, sprites and banners do not."""
SCHEME = b"prefers-color-scheme"
LARGEST_UNPACKED = 8_000_000
"""Bytes that an SVGZ may unpack to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Limits in pixels: more than `most` are rejected, more than `heavy` need the slow lane.

    So are images whose longest side is more than `widest` times the shortest.
    """

    most: int
    heavy: int
    widest: float = LARGEST_ASPECT

    def check(self, pixels: int, what: str) -> None:
        """Raise `DecodingFailed` for more than `heavy` pixels."""
        if pixels > self.heavy:
            raise DecodingFailed(
                f"{what} has {pixels} pixels, which takes more time and memory than there is"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """A decoded image."""

    image: Image.Image
    source: ImageInfo
    png: bytes | None = None
    """The same pixels as a PNG of our own making, without metadata or hidden colours."""
    flaw: str | None = None
    svg: bytes | None = None
    """The sanitised document of which it is the drawing."""
    on_dark: "Callable[[], _Picture] | None" = None
    """Draws the same document as on a dark page, if it may look different there."""


def normalise(
    body: bytes, *, max_pixels: int, heavy_pixels: int | None = None, is_believed: bool = False
) -> NormalisedImage | ImageRejection | DecodingFailure:
    """The logo in `body`: 8-bit sRGB, upright, its longest side at most 512 px, without metadata.

    Takes the first frame of animations that is not blank, the largest of icons; an SVG is drawn at 512 px.
    Strips and single colours are rejected, unless the image `is_believed`. Images of more than `max_pixels`
    are rejected by their header, before decoding; more than `heavy_pixels` are a `DecodingFailure`, to be
    retried with more resources. Never raises, whatever `body` contains.
    """
    heavy = max_pixels if heavy_pixels is None else heavy_pixels
    size = Size(most=max_pixels, heavy=heavy, widest=math.inf if is_believed else LARGEST_ASPECT)
    try:
        with refusing("it cannot be converted"):
            return _finish(_read(body, size), is_believed=is_believed)
    except ImageRefused as refused:
        return refused.rejection
    except DecodingFailed as failed:
        return DecodingFailure(reason=failed.reason)


def _read(body: bytes, size: Size) -> _Picture:
    found = sniff(body)
    match found:
        case None:
            raise ImageRefused(f"it is {describe(body)}")
        case ImageFormat.SVG:
            return _draw(body, size)
        case ImageFormat.SVGZ:
            return _draw(_unpack(body), size)
        case ImageFormat.ICO:
            return _decode_icon(body, size)
        case _:
            return _decode(body, found, size)


def _draw(document: bytes, size: Size, *, is_dark: bool = False) -> _Picture:
    from logocache.images import svg  # noqa: PLC0415 - its parser takes 30 ms to load
    from logocache.images.svg_sanitiser import sanitise  # noqa: PLC0415 - as above

    safe = sanitise(document, max_pixels=size.most, is_dark=is_dark)
    size.check(safe.pixels, "the images embedded in it")
    drawing = svg.rasterise(safe, longest_side=LONGEST_SIDE)
    bounds = replace(size, most=LONGEST_SIDE**2, heavy=LONGEST_SIDE**2)
    drawn = _decode(drawing.png, ImageFormat.PNG, bounds)
    source = ImageInfo(format=ImageFormat.SVG.value, width=drawing.width, height=drawing.height)
    # resvg writes pixels alone, RGBA with transparent ones black: as `raster.pack` would, if not opaque.
    # To compress them again would take a third of the time of a drawing.
    png = drawing.png if drawn.image.mode == "RGBA" else None
    flaw = f"it has {drawing.lost}" if drawing.lost else None
    return _Picture(
        image=drawn.image,
        source=source,
        png=png,
        flaw=flaw,
        svg=safe.text.encode(),
        on_dark=partial(_draw, document, size, is_dark=True) if SCHEME in document.lower() else None,
    )


def _unpack(body: bytes) -> bytes:
    with refusing("a broken gzip file"):
        document = zlib.decompressobj(wbits=31).decompress(body, LARGEST_UNPACKED + 1)
    if len(document) > LARGEST_UNPACKED:
        raise ImageRefused(f"a gzip file that unpacks to more than {LARGEST_UNPACKED} bytes")
    if sniff(document) is not ImageFormat.SVG:
        raise ImageRefused("a gzip file without an SVG inside")
    return document


def _decode_icon(body: bytes, size: Size) -> _Picture:
    with refusing("a broken ICO file"):
        frame = largest_frame(body)
        _check_size(frame.width, frame.height, size)
        if frame.is_png:
            found = _decode(bytes(frame.data), ImageFormat.PNG, size)
        else:
            found = _decode(single_icon(frame), ImageFormat.ICO, size)
    return replace(found, source=replace(found.source, format=ImageFormat.ICO.value))


def _decode(body: bytes, image_format: ImageFormat, size: Size) -> _Picture:
    with opened(body, image_format) as image:
        _check_size(image.width, image.height, size)
        width, height = image.size
        image.draft(None, (raster.ENOUGH, raster.ENOUGH))  # decodes a JPEG at a reduced size
        # The steps below copy the image: reduce a large one first.
        picture = raster.coarsened(raster.loaded(image))
        seen = _upright(picture)
        # Orientation may swap the sides; `source` describes the image as displayed.
        if (seen.width > seen.height) != (picture.width > picture.height):
            width, height = height, width
        source = ImageInfo(format=image_format.value, width=width, height=height)
        return _Picture(image=raster.to_srgb(seen), source=source)


def _upright(image: Image.Image) -> Image.Image:
    """The image rotated by its EXIF orientation; as stored when that cannot be read."""
    try:
        with refusing("orientation"):
            is_upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
            return image if is_upright else ImageOps.exif_transpose(image)
    except ImageRefused:
        return image


def _check_size(width: int, height: int, size: Size) -> None:
    shortest, longest = sorted((width, height))
    if width * height > size.most:
        raise ImageRefused(f"{width}×{height} are more than {size.most} pixels")
    if shortest < 2:  # noqa: PLR2004 - a picture of one pixel's width
        raise ImageRefused(f"an image of {width}×{height} pixels is a provider placeholder", is_blank=True)
    if shortest < SMALLEST_SIDE:
        raise ImageRefused(f"{width}×{height} pixels are too few: a side has less than {SMALLEST_SIDE}")
    if longest > size.widest * shortest:
        raise ImageRefused(f"{width}×{height} pixels are a strip, longer than {LARGEST_ASPECT}:1")
    size.check(width * height, "it")


def _finish(picture: _Picture, *, is_believed: bool) -> NormalisedImage:
    image = fitted(picture.image, LONGEST_SIDE)
    _check_content(image, is_believed=is_believed)
    source = replace(picture.source, shows_on_white=shows(image, WHITE), shows_on_dark=shows_on_dark(image))
    encoded = raster.encode(image, source=source, png=picture.png if image is picture.image else None)
    flaw = None if source.shows_on_white else "it cannot be seen on a white page"
    return replace(
        encoded,
        look=look_of(image, WHITE if source.shows_on_white else DARK),
        flaw=picture.flaw or flaw,
        svg=picture.svg if picture.svg is not None and len(picture.svg) <= LARGEST_SVG else None,
        dark=_dark(picture) if not source.shows_on_dark else None,
    )


def _dark(picture: _Picture) -> bytes | None:
    """The PNG that the document itself gives a dark page, if it can be recognised there."""
    if picture.on_dark is None:
        return None
    try:
        drawn = picture.on_dark()
    except ImageRefused:
        return None
    return (drawn.png or raster.pack(drawn.image)) if shows_on_dark(drawn.image) else None


def _check_content(picture: Image.Image, *, is_believed: bool) -> None:
    bands = [band.getextrema() for band in picture.split()]
    if picture.mode == "RGBA" and bands[-1] == (0, 0):
        raise ImageRefused("every pixel is transparent", is_blank=True)
    if not is_believed and all(lowest == highest for lowest, highest in bands):
        raise ImageRefused("every pixel has the same colour", is_blank=True)
