"""Choosing the largest frame of an icon, and reading it right."""

import pytest
from PIL import Image

from harness.image_samples import bitmap_frame, decoded, encoded, icon, png_chunks, two_colours
from logocache.images import sniff
from logocache.images.errors import ImageRefused
from logocache.images.normalise import normalise
from logocache.ports import ImageRejection, NormalisedImage

RED_BGR, BLUE_BGR = b"\0\0\xff", b"\xff\0\0"
OPAQUE, HALF, CLEAR = b"\xff", b"\x80", b"\0"


def normalised(body: bytes) -> NormalisedImage:
    result = normalise(body, max_pixels=1_000_000)
    assert isinstance(result, NormalisedImage), result
    return result


def rows(pixel: bytes, other: bytes, *, side: int = 16) -> bytes:
    """`pixel` in the left half, `other` in the right."""
    return (pixel * (side // 2) + other * (side // 2)) * side


def mask(pattern: int, *, side: int = 16) -> bytes:
    """Each row with these 16 bits (1: transparent), padded to 32."""
    return (pattern.to_bytes(2) + b"\0\0") * side


def test_the_frame_with_the_most_real_pixels_wins_whatever_the_directory_claims() -> None:
    small, large = encoded(two_colours((16, 16)), "PNG"), encoded(two_colours((64, 64)), "PNG")
    frame = sniff.largest_frame(icon(((0, 0), small), ((16, 16), large)))
    assert (frame.width, frame.height, frame.is_png) == (64, 64, True)


def test_a_png_frame_larger_than_256_px_is_taken_as_it_is() -> None:
    image = normalised(icon(((0, 0), encoded(two_colours((300, 300)), "PNG"))))
    assert (image.width, image.source.format, image.source.width) == (300, "ico", 300)


def test_among_equal_sizes_the_one_with_the_most_colours_wins() -> None:
    poor = bitmap_frame((16, 16), bits=1, pixels=bytes(64), mask=mask(0), palette=bytes(8))
    rich = bitmap_frame((16, 16), bits=24, pixels=rows(RED_BGR, BLUE_BGR), mask=mask(0))
    assert sniff.largest_frame(icon(((16, 16), poor), ((16, 16), rich))).bits == 24


def test_frames_that_lie_outside_the_file_or_are_none_are_passed_over() -> None:
    good = encoded(two_colours((16, 16)), "PNG")
    body = icon(((32, 32), b"nothing at all" * 9), ((16, 16), good))
    broken_offset = body[:18] + (2**31).to_bytes(4, "little") + body[22:]
    assert sniff.largest_frame(body).width == 16
    assert sniff.largest_frame(broken_offset).width == 16


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"\0\0\1\0\xff\xff" + bytes(2_000_000), "65535 frames", id="absurd count"),
        pytest.param(b"\0\0\1\0\1\0", "without a readable frame", id="no directory"),
        pytest.param(icon(((16, 16), bytes(200))), "without a readable frame", id="no header"),
        pytest.param(
            icon(((16, 16), bitmap_frame((16, 16), bits=7, pixels=b""))), "without a readable", id="odd depth"
        ),
        pytest.param(
            icon(((16, 16), bitmap_frame((0, 16), bits=24, pixels=b""))), "without a readable", id="no width"
        ),
        pytest.param(
            icon(((16, 16), bitmap_frame((-16, 16), bits=24, pixels=b""))),
            "without a readable",
            id="negative",
        ),
    ],
)
def test_refuses_icons_with_nothing_to_read(body: bytes, reason: str) -> None:
    with pytest.raises(ImageRefused, match=reason):
        sniff.largest_frame(body)


@pytest.mark.parametrize(
    ("frame", "left", "right"),
    [
        pytest.param(
            bitmap_frame((16, 16), bits=24, pixels=rows(RED_BGR, BLUE_BGR), mask=mask(0x00FF)),
            (255, 0, 0, 255),
            (0, 0, 0, 0),
            id="24 bits and a mask",
        ),
        pytest.param(
            bitmap_frame((16, 16), bits=24, pixels=rows(RED_BGR, BLUE_BGR)),
            (255, 0, 0, 255),
            (0, 0, 255, 255),
            id="24 bits, mask missing",
        ),
        pytest.param(
            bitmap_frame(
                (16, 16), bits=32, pixels=rows(RED_BGR + OPAQUE, BLUE_BGR + HALF), mask=mask(0xFFFF)
            ),
            (255, 0, 0, 255),
            (0, 0, 255, 128),
            id="32 bits with alpha, mask ignored",
        ),
        pytest.param(
            bitmap_frame(
                (16, 16), bits=32, pixels=rows(RED_BGR + CLEAR, BLUE_BGR + CLEAR), mask=mask(0x00FF)
            ),
            (255, 0, 0, 255),
            (0, 0, 0, 0),
            id="32 bits with alpha of zero throughout",
        ),
        pytest.param(
            bitmap_frame(
                (16, 16),
                bits=1,
                pixels=b"\x00\xff\0\0" * 16,
                mask=mask(0),
                palette=RED_BGR + b"\0" + BLUE_BGR + b"\0",
            ),
            (255, 0, 0, 255),
            (0, 0, 255, 255),
            id="palette of two",
        ),
        pytest.param(
            bitmap_frame(
                (16, 16),
                bits=8,
                pixels=rows(b"\0", b"\2"),
                mask=mask(0x00FF),
                palette=RED_BGR + b"\0" + bytes(4) + BLUE_BGR + b"\0",
            ),
            (255, 0, 0, 255),
            (0, 0, 0, 0),
            id="short palette and a mask",
        ),
    ],
)
def test_reads_colours_and_transparency_of_bitmaps(
    frame: bytes, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    picture = decoded(normalised(icon(((16, 16), frame))).png).convert("RGBA")
    assert picture.getpixel((2, 8)) == left
    assert picture.getpixel((13, 8)) == right


def test_a_bitmap_of_bit_fields_is_read_behind_its_masks() -> None:
    masks = b"".join(field.to_bytes(4, "little") for field in (0xFF0000, 0xFF00, 0xFF))
    frame = bitmap_frame(
        (16, 16), bits=32, pixels=masks + rows(RED_BGR + OPAQUE, BLUE_BGR + HALF), mask=mask(0)
    )
    frame = frame[:16] + (3).to_bytes(4, "little") + frame[20:]
    picture = decoded(normalised(icon(((16, 16), frame))).png)
    assert picture.getpixel((2, 8)) == (255, 0, 0, 255)
    assert picture.getpixel((13, 8)) == (0, 0, 255, 128)


def test_rows_that_are_no_multiple_of_32_bits_are_padded() -> None:
    row = RED_BGR * 9 + b"\0"
    frame = bitmap_frame((9, 9), bits=24, pixels=row * 9, mask=b"\x00\x80\0\0" * 9)
    picture = decoded(normalised(icon(((9, 9), frame))).png)
    assert picture.getpixel((7, 4)) == (255, 0, 0, 255)
    assert picture.getpixel((8, 4)) == (0, 0, 0, 0)


def test_a_truncated_bitmap_is_rejected() -> None:
    frame = bitmap_frame((16, 16), bits=24, pixels=rows(RED_BGR, BLUE_BGR)[:100])
    result = normalise(icon(((16, 16), frame)), max_pixels=1_000_000)
    assert isinstance(result, ImageRejection)
    assert "ICO" in result.reason


def test_a_frame_that_claims_many_pixels_is_refused_before_memory_is_taken_for_it() -> None:
    frame = bitmap_frame((60_000, 60_000), bits=32, pixels=b"")
    result = normalise(icon(((16, 16), frame)), max_pixels=1_000_000)
    assert isinstance(result, ImageRejection)
    assert "more than 1000000 pixels" in result.reason


def test_pillows_own_icons_are_read_at_their_largest_size() -> None:
    for bitmap_format in ("bmp", "png"):
        body = encoded(
            two_colours((48, 48), mode="RGBA"), "ICO", sizes=[(16, 16), (48, 48)], bitmap_format=bitmap_format
        )
        image = normalised(body)
        assert (image.width, image.source.format) == (48, "ico")
        assert png_chunks(image.png) == [b"IHDR", b"IDAT", b"IEND"]
        assert isinstance(decoded(image.png), Image.Image)


def test_among_png_frames_of_one_size_the_depth_of_the_png_decides() -> None:
    flat = two_colours((32, 32)).convert("RGB")
    rich, poor = encoded(flat, "PNG"), encoded(flat.convert("P"), "PNG")
    for frames in ((rich, poor), (poor, rich)):
        assert sniff.largest_frame(icon(*(((32, 32), frame) for frame in frames))).data[25] == 2, "RGB"


def test_among_png_frames_of_one_depth_the_directory_decides() -> None:
    frames = [encoded(Image.new("RGB", (32, 32), colour), "PNG") for colour in ("red", "green", "blue")]
    body = bytearray(icon(*(((32, 32), frame) for frame in frames)))
    for number, bits in enumerate((4, 32, 8)):
        body[6 + 16 * number + 6] = bits
    chosen = sniff.largest_frame(bytes(body))
    assert bytes(chosen.data).startswith(frames[1])
