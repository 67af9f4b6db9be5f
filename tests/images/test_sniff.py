"""Formats are recognised by the bytes alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.image_samples import SMALL_IMAGES, SVG_ROOT, encoded, two_colours
from logocache.images.sniff import ImageFormat, describe, sniff

SVG = f"<svg {SVG_ROOT}/>"


@pytest.mark.parametrize("name", SMALL_IMAGES)
def test_knows_each_format_by_its_content(name: str) -> None:
    assert sniff(SMALL_IMAGES[name]) == name.partition("-")[0]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(SVG.encode(), id="bare"),
        pytest.param(b"\xef\xbb\xbf" + SVG.encode(), id="byte order mark"),
        pytest.param(b"\r\n\t " + SVG.encode(), id="white space"),
        pytest.param(b'<?xml version="1.0"?>\n' + SVG.encode(), id="declaration"),
        pytest.param(b"<!-- > <html> -->" + SVG.encode(), id="comment"),
        pytest.param(b'<!DOCTYPE svg PUBLIC "-//W3C" "http://x/y.dtd">' + SVG.encode(), id="doctype"),
        pytest.param(b"<!DOCTYPE svg [ <!ATTLIST a b CDATA #IMPLIED> ]>" + SVG.encode(), id="inner subset"),
        pytest.param(
            b"<?xml version='1.0'?><!-- a --> <!DOCTYPE svg><?b c?><!-- d -->" + SVG.encode(),
            id="all of them",
        ),
        pytest.param(b'<s:svg xmlns:s="http://www.w3.org/2000/svg"/>', id="prefix"),
        pytest.param(SVG.encode("utf-16"), id="UTF-16 of this machine"),
        pytest.param(b"\xfe\xff" + SVG.encode("utf-16-be"), id="UTF-16 big-endian"),
        pytest.param(b"\xff\xfe" + SVG.encode("utf-16-le"), id="UTF-16 little-endian"),
    ],
)
def test_finds_an_svg_behind_its_prologue(document: bytes) -> None:
    assert sniff(document) is ImageFormat.SVG


@pytest.mark.parametrize(
    ("body", "description"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"<!DOCTYPE html><html><svg/></html>", "HTML, not an image", id="HTML 5"),
        pytest.param(b"<!-- a --><html><body></body>", "HTML, not an image", id="HTML without a doctype"),
        pytest.param(b'<?xml version="1.0"?><html xmlns="x">', "HTML, not an image", id="XHTML"),
        pytest.param(b"\n\n<HTML>", "HTML, not an image", id="capitals"),
        pytest.param(b"<rss version='2.0'>", "begins with <rss>", id="other XML"),
        pytest.param(b"<svgx >", "begins with <svgx>", id="almost SVG"),
        pytest.param(b' {"error": 1}', "JSON or text", id="JSON"),
        pytest.param(
            b"BMW is a company and no bitmap", "begins with 42 4d 57", id="text that begins with BM"
        ),
        pytest.param(b"\x89PNG\r\n\x1a", "begins with 89 50", id="cut signature"),
        pytest.param(b"\0\0\1\0\0\0", "no known image format", id="icon of no frames"),
        pytest.param(b"<!-- <svg >", "no known image format", id="comment without end"),
        pytest.param(b"<!DOCTYPE svg [ <svg >", "no known image format", id="doctype without end"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "no known image format", id="HEIC"),
    ],
)
def test_says_what_other_bytes_are(body: bytes, description: str) -> None:
    assert sniff(body) is None
    assert description in describe(body)


def test_an_avif_may_name_itself_among_the_compatible_brands() -> None:
    assert sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf") is ImageFormat.AVIF
    assert sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1miafavif") is None, "a brand behind the end of the box"


def test_an_animated_avif_is_an_avif() -> None:
    frames = [two_colours((16, 16)), two_colours((16, 16)).rotate(90)]
    assert sniff(encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:])) is ImageFormat.AVIF


def test_a_gzip_file_may_hold_an_svg() -> None:
    assert sniff(b"\x1f\x8b\x08rest") is ImageFormat.SVGZ


@given(st.binary(max_size=200))
def test_any_bytes_have_a_format_or_a_description(body: bytes) -> None:
    assert sniff(body) is not None or describe(body)


@pytest.mark.parametrize(
    "unit", [b"<!-- -->", b" ", b"<?a?>", b"<!DOCTYPE a>", b"<!--", b"<!DOCTYPE [", b"<!"]
)
def test_a_long_prologue_takes_linear_time(unit: bytes) -> None:
    # Quadratic time over these 4 MB would be many minutes.
    assert sniff(unit * (4_000_000 // len(unit))) is None
