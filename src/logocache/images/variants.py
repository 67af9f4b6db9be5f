"""Make variants of a stored logo (size, format, grey), and check that stored files still decode."""

import errno
import io
import os
import stat
from pathlib import Path
from typing import assert_never

from PIL import Image

from logocache.images.errors import LARGEST_PNG, DecodingFailed, ImageRefused
from logocache.images.messages import stored_size
from logocache.images.raster import fitted, load_plugin, opened, pack, without_metadata
from logocache.images.sniff import ImageFormat as Sniffed
from logocache.images.sniff import sniff
from logocache.images.visibility import ground_for
from logocache.ports import FileCheck
from logocache.queries import ImageFormat, Variant

JPEG_QUALITY = 85
WEBP_QUALITY = 80
WEBP_METHOD = 4
"""Method 6 takes fifty times as long, and saves a few per cent."""

_STORED_MODES = {"RGB", "RGBA"}


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
        with opened(png, Sniffed.PNG) as image:
            # A second header may contradict the first, which was checked.
            if image.mode not in _STORED_MODES or image.size != stored_size(png):
                raise ImageRefused("an image that is not a PNG of ours")
            image.load()
            return without_metadata(image.copy())
    except ImageRefused as refused:
        raise ValueError(refused.rejection.reason) from refused


def _jpeg(picture: Image.Image) -> bytes:
    """The picture as JPEG, on white, or on a dark ground if it shows only there.

    Without chroma subsampling (4:4:4), which would blur the sharp edges of logos.
    """
    if picture.mode in {"LA", "RGBA"}:
        colour = picture.mode.removesuffix("A")
        paper = Image.new(colour, picture.size, ground_for(picture))
        paper.paste(picture.convert(colour), mask=picture.getchannel("A"))
        picture = paper
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
