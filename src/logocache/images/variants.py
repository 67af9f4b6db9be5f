"""Make variants of a stored logo (size, shape, ground, format), and check that stored files still decode."""

import errno
import io
import os
import stat
from pathlib import Path
from typing import assert_never

from PIL import Image, ImageColor

from logocache.images.dark import dark_form
from logocache.images.errors import LARGEST_PNG, DecodingFailed, ImageRefused
from logocache.images.messages import stored_size
from logocache.images.raster import fitted, load_plugin, opened, pack, without_metadata
from logocache.images.sniff import ImageFormat as Sniffed
from logocache.images.sniff import sniff
from logocache.images.visibility import DARK, INK, at_least, ground_for
from logocache.ports import FileCheck
from logocache.queries import TRANSPARENT, ImageFormat, Shape, Theme, Variant

JPEG_QUALITY = 85
WEBP_QUALITY = 80
WEBP_METHOD = 4
"""Method 6 takes fifty times as long, and saves a few per cent."""

_STORED_MODES = {"RGB", "RGBA"}

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""


def derive(png: bytes, variant: Variant) -> bytes:
    """The logo as `variant`, without metadata; the same input gives the same bytes.

    Raises:
        ValueError: `png` is not a PNG as `raster.pack` makes it, or has a side of more than 512 px,
            which is checked before decoding.
    """
    stored_size(png)
    picture = _decoded(png)
    if variant.is_stored_form:
        return png
    picture = looking(picture, variant)
    match variant.format:
        case ImageFormat.PNG:
            return pack(picture)
        case ImageFormat.JPG:
            return _jpeg(picture, DARK if variant.theme is Theme.DARK else ground_for(picture))
        case ImageFormat.WEBP:
            return _webp(picture)
        case ImageFormat.SVG:
            raise ValueError("a picture that cannot be an SVG")
        case _:
            assert_never(variant.format)


def looking(picture: Image.Image, variant: Variant) -> Image.Image:
    """`picture` (RGB or RGBA) in the theme, shape, size and colours of `variant`."""
    if variant.theme is Theme.DARK:
        picture = dark_form(picture)
    if variant.shape is Shape.SQUARE:
        picture = squared(picture, variant.size or max(picture.size), padding=variant.padding)
    elif variant.size is not None:
        picture = fitted(picture, variant.size)
    if variant.greyscale:
        picture = picture.convert("LA" if picture.mode == "RGBA" else "L")
    if variant.background != TRANSPARENT:
        picture = on_ground(picture, f"#{variant.background}")
    return picture


def squared(picture: Image.Image, side: int, *, padding: int) -> Image.Image:
    """The mark in `picture` (RGB or RGBA) as large as it fits into the middle of a transparent square.

    `padding` is the space on each side, in per cent of `side`. A small mark is enlarged, so that squares
    of one side form an even list.
    """
    mark = mark_box(picture)
    left, top, right, bottom = placed((mark[2] - mark[0], mark[3] - mark[1]), side, padding=padding)
    scaled = picture.resize((right - left, bottom - top), Image.Resampling.LANCZOS, box=mark)
    if scaled.size == (side, side):
        return scaled
    square = Image.new("RGBA", (side, side))
    square.paste(scaled, (left, top))
    return square


def mark_box(picture: Image.Image) -> Box:
    """The box of the pixels that can be seen; all of the picture if none can, or all are opaque."""
    seen = at_least(INK, picture.getchannel("A")).getbbox() if picture.mode == "RGBA" else None
    return seen or (0, 0, *picture.size)


def placed(mark: tuple[int, int], side: int, *, padding: int) -> Box:
    """The box of a mark of that width and height in a square: see `squared`."""
    longest, room = max(mark), max(1, side - 2 * round(side * padding / 100))
    width, height = (max(1, round(length * room / longest)) for length in mark)
    left, top = (side - width) // 2, (side - height) // 2
    return left, top, left + width, top + height


def on_ground(picture: Image.Image, colour: str) -> Image.Image:
    """The picture (L, LA, RGB or RGBA) on a ground of that colour, `#rrggbb`; itself if it is opaque.

    Without colour (L), if both are.
    """
    if picture.mode not in {"LA", "RGBA"}:
        return picture
    red, green, blue = ImageColor.getrgb(colour)[:3]
    mode = "L" if picture.mode == "LA" and red == green == blue else "RGB"
    ground = Image.new(mode, picture.size, colour)
    ground.paste(picture.convert(mode), mask=picture.getchannel("A"))
    return ground


def _decoded(png: bytes) -> Image.Image:
    try:
        with opened(png, Sniffed.PNG) as image:
            # A second header may contradict the first, which was checked.
            if image.mode not in _STORED_MODES or image.size != stored_size(png):
                raise ImageRefused("an image that is not a PNG of ours")
            image.load()
            return without_metadata(image.copy())
    except ImageRefused as refused:
        raise ValueError(refused.rejection.reason) from refused


def _jpeg(picture: Image.Image, ground: str) -> bytes:
    """The picture as JPEG; a transparent one on that ground.

    Without chroma subsampling (4:4:4), which would blur the sharp edges of logos.
    """
    picture = on_ground(picture, ground)
    file = io.BytesIO()
    picture.save(file, format="JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True, subsampling=0)
    return file.getvalue()


def _webp(picture: Image.Image) -> bytes:
    load_plugin(Sniffed.WEBP)
    # WebP has no greyscale mode.
    colour = picture.convert("RGBA" if picture.mode in {"LA", "RGBA"} else "RGB")
    file = io.BytesIO()
    colour.save(file, format="WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)
    return file.getvalue()


_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}
"""There is no file. Other errors (EIO, EACCES, EMFILE) prove nothing about the file."""


def check_file(path: Path, *, max_pixels: int) -> FileCheck:
    """Decode the PNG at `path` and verify its checksums: its size in pixels, the problem, or the
    obstacle that kept it from being checked.
    """
    try:
        width, height = _decode(_read(path), max_pixels)
    except ImageRefused as refused:
        return FileCheck(path=path, problem=refused.rejection.reason)
    except DecodingFailed as failed:
        return FileCheck(path=path, obstacle=failed.reason)
    return FileCheck(path=path, width=width, height=height)


def _read(path: Path) -> bytes:
    """The whole file. Does not follow a symbolic link or block on a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ImageRefused("it is not a plain file")
            body = file.read(LARGEST_PNG + 1)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ImageRefused("it is a symbolic link") from error
        reason = f"it cannot be read: {error.strerror}"
        if error.errno in _NOT_THERE:
            raise ImageRefused(reason) from error
        raise DecodingFailed(reason) from error
    if len(body) > LARGEST_PNG:
        raise ImageRefused(f"it has more than {LARGEST_PNG} bytes")
    return body


def _decode(body: bytes, max_pixels: int) -> tuple[int, int]:
    if sniff(body) is not Sniffed.PNG:
        raise ImageRefused("it is not a PNG")
    with opened(body, Sniffed.PNG) as image:
        size = image.size
        if image.width * image.height > max_pixels:
            raise ImageRefused(f"it has more than {max_pixels} pixels")
        # Verifies the checksums, which decoding ignores.
        image.verify()
    with opened(body, Sniffed.PNG) as image:
        image.load()
    return size
