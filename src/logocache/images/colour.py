"""Whatever mode an image was decoded to → 8-bit sRGB, with alpha where there is any transparency."""

import io

from PIL import Image

from logocache.images.refusal import ImageRefused, refusing

_DEEP_GREY = {"I;16", "I;16L", "I;16B", "I;16N"}


def to_srgb(image: Image.Image) -> Image.Image:
    """The same picture as RGB, or as RGBA when it is not opaque, without any metadata.

    A colour profile that cannot be used is ignored, as browsers do.
    """
    profile = image.info.get("icc_profile")
    image = _to_eight_bit(image)
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    colour = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    colour = _apply(profile, colour) if isinstance(profile, bytes) else colour.convert("RGB")
    if alpha is None or alpha.getextrema() == (255, 255):
        return without_metadata(colour)
    colour.putalpha(alpha)
    return without_metadata(colour)


def without_metadata(image: Image.Image) -> Image.Image:
    """`image`, with everything forgotten that a file may have said beside its pixels."""
    image.info = {}
    return image


def _to_eight_bit(image: Image.Image) -> Image.Image:
    """One of the modes L, LA, RGB, RGBA and CMYK."""
    image = _to_eight_bit_samples(image)
    if image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"} and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_eight_bit_samples(image: Image.Image) -> Image.Image:
    """Deep grey to L: `convert` would clip it to white. And the transparent colour likewise.

    PNG's `transparency` of a 16-bit image counts in 16 bits; its high byte is the nearest there is.
    """
    key = image.info.get("transparency")
    if image.mode in _DEEP_GREY:
        image = image.point(lambda sample: sample * (1 / 256)).convert("L")
        key = key >> 8 if isinstance(key, int) else key
    elif isinstance(key, tuple) and max(key) > 255:  # noqa: PLR2004 - the largest 8-bit sample
        key = tuple(sample >> 8 for sample in key)
    if key is not None:
        image.info["transparency"] = key
    return image


def _apply(profile: bytes, colour: Image.Image) -> Image.Image:
    from PIL import ImageCms  # noqa: PLC0415 - 7 ms, and few images have a profile

    try:
        with refusing("colour profile"):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" in ImageCms.getProfileDescription(source):
                return colour.convert("RGB")  # Exact: a conversion to itself would still round.
            converted = ImageCms.profileToProfile(
                colour, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            return converted or colour.convert("RGB")
    except ImageRefused:
        return colour.convert("RGB")
