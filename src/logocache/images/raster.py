"""Raster images: opened by the reader of one format, converted to 8-bit sRGB, scaled, saved as PNG."""

import hashlib
import importlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile, UnidentifiedImageError

from logocache.images.errors import LONGEST_SIDE, ImageRefused, refusing
from logocache.images.sniff import ImageFormat
from logocache.model import ImageInfo
from logocache.ports import NormalisedImage


@contextmanager
def opened(body: bytes, image_format: ImageFormat) -> Iterator[Image.Image]:
    """The image with its header read and nothing decoded yet.

    Exceptions become `ImageRefused`, also those raised in the `with` block; see `refusing`.
    """
    with refusing(f"a broken {image_format.upper()} file"):
        load_plugin(image_format)
        try:
            image = Image.open(io.BytesIO(body), formats=[image_format])
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ImageRefused("it has more pixels than decoders may use") from error
        except UnidentifiedImageError as error:
            raise ImageRefused(f"a broken {image_format.upper()} file: its header cannot be read") from error
        with image:
            yield image


def load_plugin(image_format: ImageFormat) -> None:
    """Import Pillow's plugin for this format only: loading all of them takes 100 ms."""
    match image_format:
        case ImageFormat.WEBP:
            importlib.import_module("PIL.WebPImagePlugin")
        case ImageFormat.ICO:
            importlib.import_module("PIL.IcoImagePlugin")
        case ImageFormat.AVIF:
            plugin = importlib.import_module("PIL.AvifImagePlugin")
            # By default it starts a thread per processor, and each stack takes address space.
            vars(plugin)["DEFAULT_MAX_THREADS"] = 1


MOST_FRAMES_SEEN = 8
"""Frames of an animation that are looked at for one that is not blank."""


def loaded(image: Image.Image) -> Image.Image:
    """The first frame of `image` that is not blank, decoded; the first one if all are."""
    frame = _first_frame(image)
    if not getattr(image, "is_animated", False) or not _is_blank(frame):
        return frame
    for number in range(1, MOST_FRAMES_SEEN):
        try:
            image.seek(number)
        except EOFError:
            break
        image.load()
        if not _is_blank(image):
            return image
    image.seek(0)
    return _first_frame(image)


def _first_frame(image: Image.Image) -> Image.Image:
    """What lies outside a GIF's frame is transparent, as in browsers; Pillow paints it in a colour."""
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) and image.format == "GIF" else []
    box = tiles[0].extents if tiles else None
    image.load()
    if box is None or box == (0, 0, *image.size):
        return image
    outside = Image.new("RGBA", image.size)
    outside.paste(image.convert("RGBA").crop(box), box)
    return outside


def _is_blank(image: Image.Image) -> bool:
    """True if all pixels are transparent, or all have the same colour."""
    bands = image.convert("RGBA").split()
    is_clear = bands[-1].getbbox() is None
    return is_clear or all(lowest == highest for lowest, highest in (band.getextrema() for band in bands))


_DEEP_GREY = {"I;16", "I;16L", "I;16B", "I;16N"}


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture as RGB, or as RGBA if it is not opaque, without metadata.

    An unusable colour profile is ignored, as in browsers.
    """
    profile, gamma = image.info.get("icc_profile"), _gamma(image)
    image = _to_eight_bit(image)
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    if alpha is not None and alpha.getextrema() == (255, 255):
        alpha = None
    if alpha is not None and image.mode == "RGBA" and gamma is None and not isinstance(profile, bytes):
        return without_metadata(image)
    colour = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    colour = _apply(profile, colour) if isinstance(profile, bytes) else colour.convert("RGB")
    if gamma is not None:
        colour = colour.point([_encoded((sample / 255) ** (1 / gamma)) for sample in range(256)] * 3)
    if alpha is not None:
        colour.putalpha(alpha)
    return without_metadata(colour)


def without_metadata(image: Image.Image) -> Image.Image:
    """`image` itself, with its metadata removed."""
    image.info = {}
    return image


SRGB_GAMMA = 1 / 2.2
SAME_GAMMA = 0.02
"""Difference up to which a gamma is that of sRGB."""
GAMMAS = (0.1, 3.0)
"""Lowest and highest plausible gamma; others are mistakes."""


def _gamma(image: Image.Image) -> float | None:
    """The gamma of a PNG's samples, if nothing describes them better and they are not sRGB already.

    https://www.w3.org/TR/png-3/#13Decoder-gamma-handling: an sRGB or iCCP chunk goes before gAMA.
    """
    gamma = image.info.get("gamma")
    if not isinstance(gamma, float) or {"srgb", "icc_profile"} & image.info.keys():
        return None
    is_other = GAMMAS[0] <= gamma <= GAMMAS[1] and abs(gamma - SRGB_GAMMA) > SAME_GAMMA
    return gamma if is_other else None


def _encoded(light: float) -> int:
    """The sRGB sample of a linear value from 0 to 1 (IEC 61966-2-1)."""
    linear = light <= 0.0031308  # noqa: PLR2004  # constants of the standard, as below
    return round(255 * (12.92 * light if linear else 1.055 * light ** (1 / 2.4) - 0.055))


def _to_eight_bit(image: Image.Image) -> Image.Image:
    """The image in one of the modes L, LA, RGB, RGBA and CMYK."""
    image = _to_eight_bit_samples(image)
    if image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"} and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_eight_bit_samples(image: Image.Image) -> Image.Image:
    """16-bit grey as L, which `convert` would clip to white, with its transparent colour.

    PNG's `transparency` of a 16-bit image has 16 bits; its high byte is the nearest 8-bit value.
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
                return colour.convert("RGB")  # a conversion from sRGB to sRGB would still round
            converted = ImageCms.profileToProfile(
                colour, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            return converted or colour.convert("RGB")
    except ImageRefused:
        return colour.convert("RGB")


ENOUGH = 2 * LONGEST_SIDE
"""Pixels of the longest side; more do not improve a logo."""

_MODES_TO_COARSEN = {"L", "LA", "RGB", "RGBA", "CMYK"}


def coarsened(picture: Image.Image) -> Image.Image:
    """`picture` reduced by a whole factor (box average) to a longest side of at least `ENOUGH` pixels.

    Itself when it is small enough, or in a mode that cannot be averaged.
    """
    if picture.mode == "P" and max(picture.size) >= 2 * ENOUGH:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    factor = max(picture.size) // ENOUGH
    if factor <= 1 or picture.mode not in _MODES_TO_COARSEN or "transparency" in picture.info:
        return picture
    return picture.reduce(min(factor, *picture.size))


def fitted(picture: Image.Image, longest_side: int) -> Image.Image:
    """`picture` (RGB or RGBA), scaled down if a side is longer than `longest_side` pixels."""
    longest = max(picture.size)
    if longest <= longest_side:
        return picture
    width, height = (max(1, round(side * longest_side / longest)) for side in picture.size)
    # Pillow premultiplies alpha before resampling, so edges get no dark fringe.
    return picture.resize((width, height), Image.Resampling.LANCZOS)


# On logos at 512 px, levels 4 to 7 differ by 2 % in size; 4 takes 10 ms, 6 takes 13 ms, and 9 takes 70 ms
# to save a tenth.
_COMPRESS_LEVEL = 4


def encode(picture: Image.Image, *, source: ImageInfo, png: bytes | None = None) -> NormalisedImage:
    """`picture` as a logo to store, with digest and size.

    `png` is the same picture as PNG, if there is one that `pack` could have made; else see `pack`.
    """
    png = png or pack(picture)
    return NormalisedImage(
        png=png,
        sha256=hashlib.sha256(png).hexdigest(),
        width=picture.width,
        height=picture.height,
        source=source,
    )


_TRANSPARENT = [255] + 255 * [0]
"""Looks up in an alpha channel what is fully transparent."""


_SMALL = 128 * 128
"""Pixels up to which zlib looks for runs alone: in a third less time, to a tenth more of a few kilobytes."""


def pack(picture: Image.Image, *, of_runs: bool = False) -> bytes:
    """`picture` (L, LA, RGB or RGBA, without metadata) as PNG; the same pixels give the same bytes.

    Fully transparent pixels become black, so that no hidden content is kept. A picture `of_runs`, such as
    letters on one colour, is compressed as a small one.
    """
    if picture.mode in {"LA", "RGBA"}:
        transparent = picture.getchannel("A").point(_TRANSPARENT, "1")
        if transparent.getbbox() is not None:
            picture = picture.copy()
            picture.paste((0,) * len(picture.mode), mask=transparent)
    is_small = picture.width * picture.height <= _SMALL
    strategy = zlib.Z_RLE if of_runs or is_small else zlib.Z_DEFAULT_STRATEGY
    file = io.BytesIO()
    picture.save(file, format="PNG", compress_level=_COMPRESS_LEVEL, compress_type=strategy)
    return file.getvalue()
