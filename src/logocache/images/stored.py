"""Reading a stored logo back: is the file a PNG that decodes? Runs in decoder processes only."""

import errno
import os
import stat
from pathlib import Path

from logocache.images.inspect import ImageFormat, sniff
from logocache.images.limits import LARGEST_PNG
from logocache.images.raster import opened
from logocache.images.refusal import DecodingFailed, ImageRefused
from logocache.ports import FileCheck

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}
"""No file lies there. Other errors (EIO, EACCES, EMFILE) say nothing about the file."""


def check_file(path: Path, *, max_pixels: int) -> FileCheck:
    """Size in pixels of the PNG at `path`, fully decoded with its checksums; or the problem, or why
    it could not be looked at.
    """
    try:
        width, height = _decode(_read(path), max_pixels)
    except ImageRefused as refused:
        return FileCheck(path=path, problem=refused.rejection.reason)
    except DecodingFailed as failed:
        return FileCheck(path=path, obstacle=failed.reason)
    return FileCheck(path=path, width=width, height=height)


def _read(path: Path) -> bytes:
    """The whole file. Follows no link in its last step, and waits for no pipe."""
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
    if sniff(body) is not ImageFormat.PNG:
        raise ImageRefused("it is not a PNG")
    with opened(body, ImageFormat.PNG) as image:
        size = image.size
        if image.width * image.height > max_pixels:
            raise ImageRefused(f"it has more than {max_pixels} pixels")
        # Decoding looks at no checksum of the pixel data; this looks at nothing else.
        image.verify()
    with opened(body, ImageFormat.PNG) as image:
        image.load()
    return size
