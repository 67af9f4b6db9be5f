"""The one form of a stored logo."""

import hashlib

from PIL import Image

from harness.image_samples import decoded, png_chunks, two_colours
from logocache.images.raster import encode, pack
from logocache.model import ImageInfo

SOURCE = ImageInfo(format="gif", width=9, height=9)


def test_the_facts_beside_the_bytes_are_those_of_the_bytes() -> None:
    image = encode(two_colours((20, 30)), source=SOURCE)
    assert (image.width, image.height) == decoded(image.png).size == (20, 30)
    assert image.sha256 == hashlib.sha256(image.png).hexdigest()
    assert image.source is SOURCE
    assert png_chunks(image.png) == [b"IHDR", b"IDAT", b"IEND"]


def test_what_lies_beneath_full_transparency_is_not_kept() -> None:
    picture = Image.new("RGBA", (2, 2), (10, 20, 30, 0))
    picture.putpixel((1, 1), (10, 20, 30, 1))
    result = decoded(encode(picture, source=SOURCE).png)
    assert result.getpixel((0, 0)) == (0, 0, 0, 0)
    assert result.getpixel((1, 1)) == (10, 20, 30, 1)
    assert picture.getpixel((0, 0)) == (10, 20, 30, 0), "the picture of the caller is left alone"


def test_grey_loses_what_lies_beneath_full_transparency_too() -> None:
    picture = Image.new("LA", (2, 1), (99, 0))
    picture.putpixel((1, 0), (99, 255))
    result = decoded(pack(picture))
    assert (result.mode, result.getpixel((0, 0)), result.getpixel((1, 0))) == ("LA", (0, 0), (99, 255))
