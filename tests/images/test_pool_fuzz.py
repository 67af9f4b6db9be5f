"""Broken images of every format: an image or a rejection, and never anything else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.image_samples import SMALL_IMAGES, decode
from logocache.images.normalise import normalise
from logocache.images.pool import DecoderPool
from logocache.ports import DecodingFailure, ImageRejection, NormalisedImage

names = st.sampled_from(sorted(SMALL_IMAGES))

# Pillow warns of what it forgives. Decoder processes leave such warnings be; so does this module.
pytestmark = [pytest.mark.end_to_end, pytest.mark.filterwarnings("default")]


@st.composite
def broken_images(draw: st.DrawFn) -> bytes:
    body = bytearray(SMALL_IMAGES[draw(names)])
    for at in draw(st.lists(st.integers(0, len(body) - 1), max_size=6)):
        body[at] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(body)) | st.just(len(body)))
    extra = draw(st.binary(max_size=20))
    return bytes(body[:cut]) + extra


def is_sound(result: NormalisedImage | ImageRejection | DecodingFailure) -> bool:
    match result:
        case NormalisedImage(png=png, width=width, height=height):
            return 0 < width <= 512 and 0 < height <= 512 and png.startswith(b"\x89PNG")
        case ImageRejection(reason=reason) | DecodingFailure(reason=reason):
            return 0 < len(reason) <= 160 and reason.isprintable()


@settings(max_examples=400, deadline=None)
@given(broken_images())
def test_broken_images_give_an_image_or_a_rejection(body: bytes) -> None:
    assert is_sound(normalise(body, max_pixels=1_000_000))


@settings(deadline=None)
@given(st.sampled_from([SMALL_IMAGES[name][:12] for name in sorted(SMALL_IMAGES)]), st.binary(max_size=300))
def test_nonsense_behind_a_signature_is_a_rejection(signature: bytes, rest: bytes) -> None:
    assert is_sound(normalise(signature + rest, max_pixels=1_000_000))


@pytest.mark.parametrize("name", sorted(SMALL_IMAGES))
def test_an_image_cut_anywhere_gives_an_image_or_a_rejection(name: str) -> None:
    body = SMALL_IMAGES[name]
    for length in range(0, len(body), max(1, len(body) // 100)):
        assert is_sound(normalise(body[:length], max_pixels=1_000_000))


@settings(max_examples=30, deadline=None)
@given(body=broken_images())
def test_decoders_live_through_broken_images(body: bytes, pool: DecoderPool) -> None:
    assert is_sound(decode(pool, body))
