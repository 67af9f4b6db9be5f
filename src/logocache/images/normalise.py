"""Bytes from outside → our own PNG, or why not. Runs in decoder processes only (see `pool`)."""

import zlib

from PIL import Image, ImageOps

from logocache.images import colour, ico, png
from logocache.images.inspect import ImageFormat, describe, sniff
from logocache.images.limits import LONGEST_SIDE
from logocache.images.raster import opened
from logocache.images.refusal import DecodingFailed, ImageRefused, refusing
from logocache.images.scaling import fitted
from logocache.model import DecodingFailure, ImageInfo, ImageRejection, NormalisedImage

SMALLEST_SIDE = 8
"""Below it nothing can be recognised; such images are spacers, bullets and tracking pixels."""
LARGEST_ASPECT = 8
"""Longest to shortest side. Wide wordmarks stay below it; rules, sprites and banners do not."""
LARGEST_UNPACKED = 8_000_000
"""Bytes that an SVGZ may unpack to."""

_Picture = tuple[Image.Image, ImageInfo]


def normalise(body: bytes, *, max_pixels: int) -> NormalisedImage | ImageRejection | DecodingFailure:
    """The logo in `body`: 8-bit sRGB, upright, its longest side at most 512 px, without metadata.

    Of animations the first frame, of icons the largest; an SVG is drawn at 512 px. Images of more
    than `max_pixels` are refused by their header, before they are decoded. Never raises for what
    `body` holds.
    """
    try:
        with refusing("it cannot be converted"):
            picture, source = _read(body, max_pixels)
            return _finish(picture, source)
    except ImageRefused as refused:
        return refused.rejection
    except DecodingFailed as failed:
        return DecodingFailure(reason=failed.reason)


def _read(body: bytes, max_pixels: int) -> _Picture:
    found = sniff(body)
    match found:
        case None:
            raise ImageRefused(f"it is {describe(body)}")
        case ImageFormat.SVG:
            return _draw(body, max_pixels)
        case ImageFormat.SVGZ:
            return _draw(_unpack(body), max_pixels)
        case ImageFormat.ICO:
            return _decode_icon(body, max_pixels)
        case _:
            return _decode(body, found, max_pixels)


def _draw(document: bytes, max_pixels: int) -> _Picture:
    from logocache.images import svg  # noqa: PLC0415 - its parser takes 30 ms to load

    drawing = svg.rasterise(document, longest_side=LONGEST_SIDE, max_pixels=max_pixels)
    picture, _ = _decode(drawing.png, ImageFormat.PNG, max_pixels=LONGEST_SIDE**2)
    source = ImageInfo(format=ImageFormat.SVG.value, width=drawing.width, height=drawing.height)
    return picture, source


def _unpack(body: bytes) -> bytes:
    with refusing("a broken gzip file"):
        document = zlib.decompressobj(wbits=31).decompress(body, LARGEST_UNPACKED + 1)
    if len(document) > LARGEST_UNPACKED:
        raise ImageRefused(f"a gzip file that unpacks to more than {LARGEST_UNPACKED} bytes")
    if sniff(document) is not ImageFormat.SVG:
        raise ImageRefused("a gzip file without an SVG inside")
    return document


def _decode_icon(body: bytes, max_pixels: int) -> _Picture:
    with refusing("a broken ICO file"):
        frame = ico.largest_frame(body)
        _check_size(frame.width, frame.height, max_pixels)
        if frame.is_png:
            picture, source = _decode(bytes(frame.data), ImageFormat.PNG, max_pixels)
        else:
            picture, source = _decode(ico.single_icon(frame), ImageFormat.ICO, max_pixels)
    return picture, ImageInfo(format=ImageFormat.ICO.value, width=source.width, height=source.height)


def _decode(body: bytes, image_format: ImageFormat, max_pixels: int) -> _Picture:
    with opened(body, image_format) as image:
        _check_size(image.width, image.height, max_pixels)
        image.load()
        picture = _upright(image)
        # Orientation may swap the sides; the facts are of the image as it is seen.
        source = ImageInfo(format=image_format.value, width=picture.width, height=picture.height)
        return colour.to_srgb(picture), source


def _upright(image: Image.Image) -> Image.Image:
    """The image as its EXIF orientation wants it seen; as stored when that cannot be read."""
    try:
        with refusing("orientation"):
            return ImageOps.exif_transpose(image)
    except ImageRefused:
        return image


def _check_size(width: int, height: int, max_pixels: int) -> None:
    shortest, longest = sorted((width, height))
    if width * height > max_pixels:
        raise ImageRefused(f"{width}×{height} are more than {max_pixels} pixels")
    if shortest < 2:  # noqa: PLR2004 - a picture of one pixel's width
        raise ImageRefused(f"an image of {width}×{height} pixels is a stand-in", is_blank=True)
    if shortest < SMALLEST_SIDE:
        raise ImageRefused(f"{width}×{height} pixels are too few: a side has less than {SMALLEST_SIDE}")
    if longest > LARGEST_ASPECT * shortest:
        raise ImageRefused(f"{width}×{height} pixels are a strip, longer than {LARGEST_ASPECT}:1")


def _finish(picture: Image.Image, source: ImageInfo) -> NormalisedImage:
    picture = fitted(picture, LONGEST_SIDE)
    _check_content(picture)
    return png.encode(picture, source=source)


def _check_content(picture: Image.Image) -> None:
    bands = [picture.getchannel(band).getextrema() for band in picture.getbands()]
    if picture.mode == "RGBA" and bands[-1] == (0, 0):
        raise ImageRefused("every pixel is transparent", is_blank=True)
    if all(lowest == highest for lowest, highest in bands):
        raise ImageRefused("every pixel has the same colour", is_blank=True)
