"""Generated images for tests."""

import io
import struct

from PIL import Image, ImageDraw


def picture(
    width: int = 180, height: int | None = None, *, form: str = "PNG", color: str = "#7AB55C"
) -> bytes:
    """A two-coloured image, so that it is not blank."""
    height = height or width
    image = Image.new("RGB", (width, height), color)
    ImageDraw.Draw(image).ellipse((width // 4, height // 4, 3 * width // 4, 3 * height // 4), fill="#FFFFFF")
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def ico(*sizes: int, color: str = "#0055AA") -> bytes:
    """An ICO whose frames are PNGs of these sizes, in this order."""
    frames = [picture(size, color=color) for size in sizes]
    offset = 6 + 16 * len(frames)
    directory = struct.pack("<HHH", 0, 1, len(frames))
    for size, frame in zip(sizes, frames, strict=True):
        side = size if size < 256 else 0
        directory += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(frame), offset)
        offset += len(frame)
    return directory + b"".join(frames)


def svg(color: str = "#FF5500") -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<path fill="{color}" d="M2 2h20v10H2z"/><circle cx="12" cy="17" r="4" fill="#123456"/></svg>'
    ).encode()
