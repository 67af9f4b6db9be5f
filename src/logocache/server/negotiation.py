"""The variant that a request asks for: by parameters, and by the client's header fields (RFC 9110 12.1)."""

import re
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, NamedTuple

from fastapi import Query

from logocache.queries import (
    BACKGROUND,
    LARGEST,
    MOST_PADDING,
    SMALLEST,
    TRANSPARENT,
    ImageFormat,
    Shape,
    Theme,
    Variant,
)

ACCEPT = "Accept"
SCHEME = "Sec-CH-Prefers-Color-Scheme"
"""https://wicg.github.io/user-preference-media-features-headers/"""


class FormatChoice(StrEnum):
    """Values of the parameter `format`: a format, or the client's choice."""

    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"
    SVG = "svg"
    AUTO = "auto"
    """WebP for clients that name it in Accept, PNG for others."""


class ThemeChoice(StrEnum):
    """Values of the parameter `theme`: a theme, or the client's choice."""

    LIGHT = "light"
    DARK = "dark"
    AUTO = "auto"
    """Dark for clients that say so by a client hint, light for others."""


class Preferences(NamedTuple):
    """What a client's header fields say that may choose a variant."""

    webp: bool = False
    dark: bool = False


class Wanted(NamedTuple):
    """A variant, and the header fields that choose the rest of it: the names in `Vary`."""

    variant: Variant
    vary: tuple[str, ...] = ()


def variant_query(default_size: int | None, *, is_webp_offered: bool) -> Callable[..., Awaitable[Wanted]]:
    """A dependency that reads the parameters of a variant.

    With `is_webp_offered`, a request without `format` is one with `format=auto`.
    """

    async def wanted(
        size: Annotated[
            int | None,
            Query(
                ge=SMALLEST,
                le=LARGEST,
                description="Longest side in pixels; a smaller logo is enlarged in a square only.",
            ),
        ] = default_size,
        format: Annotated[  # noqa: A002  # the parameter's name in the URL
            FormatChoice | None,
            Query(description="Format of the response; `auto`: WebP for clients that accept it, else PNG."),
        ] = None,
        *,
        greyscale: Annotated[bool, Query(description="Without colour.")] = False,
        shape: Annotated[
            Shape, Query(description="`square`: the mark without its margins, in the middle of a square.")
        ] = Shape.ORIGINAL,
        padding: Annotated[
            int,
            Query(
                ge=0, le=MOST_PADDING, description="Space on each side of a square, in per cent of its side."
            ),
        ] = 0,
        background: Annotated[
            str,
            Query(
                pattern=f"^({BACKGROUND})$",
                description="`transparent`, `white` or six hexadecimal digits.",
                examples=["f5f5f5"],
            ),
        ] = TRANSPARENT,
        theme: Annotated[
            ThemeChoice,
            Query(
                description="The page that it is for: on a dark one, a mark that cannot be recognised there"
                f" is shown in another form. `auto`: as the client says by {SCHEME}."
            ),
        ] = ThemeChoice.LIGHT,
        retina: Annotated[bool, Query(description=f"Twice the size, up to {LARGEST}.")] = False,
    ) -> Wanted:
        if retina and size is not None:
            size = min(2 * size, LARGEST)
        is_negotiated = format is FormatChoice.AUTO or (format is None and is_webp_offered)
        variant = Variant(
            size=size,
            format=ImageFormat.PNG if format in (None, FormatChoice.AUTO) else ImageFormat(format),
            greyscale=greyscale,
            shape=shape,
            padding=padding,
            background=background,
            theme=Theme.DARK if theme is ThemeChoice.DARK else Theme.LIGHT,
        )
        vary = {ACCEPT: is_negotiated, SCHEME: theme is ThemeChoice.AUTO}
        return Wanted(variant, tuple(name for name, chooses in vary.items() if chooses))

    return wanted


LONGEST_ACCEPT = 1000
"""Bytes of a field that is read; browsers send about 100."""
QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
"""RFC 9110 12.4.2."""


def preferences_in(headers: Sequence[tuple[bytes, bytes]]) -> Preferences:
    """The preferences in header fields, whose names are in lower case."""
    accept, scheme = (
        b",".join(value for name, value in headers if name == field)
        for field in (b"accept", SCHEME.lower().encode("ascii"))
    )
    return preferences_of(accept, scheme)


@lru_cache(64)  # few, since a client chooses their length
def preferences_of(accept: bytes | None, scheme: bytes | None = None) -> Preferences:
    """The preferences in the values of Accept and of the client hint, a quoted word."""
    is_short = accept is not None and len(accept) <= LONGEST_ACCEPT
    dark = scheme is not None and scheme.strip(b' \t"').lower() == b"dark"
    return Preferences(webp=_prefers_webp(accept) if accept and is_short else False, dark=dark)


def _prefers_webp(accept: bytes) -> bool:
    """True if an Accept field names WebP, and wants it as much as PNG. `*/*` does not name it."""
    qualities = dict(_quality(element) for element in accept.decode("latin-1").lower().split(","))
    webp = qualities.get("image/webp", 0.0)
    png = next((qualities[wanted] for wanted in ("image/png", "image/*", "*/*") if wanted in qualities), 0.0)
    return webp > 0 and webp >= png


def _quality(element: str) -> tuple[str, float]:
    """A media range and its weight, which is 1 if it is missing or malformed."""
    media_range, *parameters = (part.strip(" \t") for part in element.split(";"))
    weights = (QUALITY.fullmatch(parameter) for parameter in parameters)
    return media_range, next((float(weight[1]) for weight in weights if weight is not None), 1.0)
