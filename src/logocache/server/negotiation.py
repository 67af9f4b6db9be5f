"""The variant that a request asks for: by parameters, and by the client's header fields (RFC 9110 12.1)."""

import re
from collections.abc import Awaitable, Callable, Iterable
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
    Variant,
)

ACCEPT = "Accept"


class FormatChoice(StrEnum):
    """Values of the parameter `format`: a format, or the client's choice."""

    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"
    AUTO = "auto"
    """WebP for clients that name it in Accept, PNG for others."""


class Preferences(NamedTuple):
    """What a client's header fields say that may choose a variant."""

    webp: bool = False


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
        )
        return Wanted(variant, (ACCEPT,) if is_negotiated else ())

    return wanted


LONGEST_ACCEPT = 1000
"""Bytes of a field that is read; browsers send about 100."""
QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
"""RFC 9110 12.4.2."""


def preferences_in(headers: Iterable[tuple[bytes, bytes]]) -> Preferences:
    """The preferences in header fields, whose names are in lower case."""
    return preferences_of(b",".join(value for name, value in headers if name == b"accept"))


@lru_cache(64)  # few, since a client chooses their length
def preferences_of(accept: bytes | None) -> Preferences:
    """The preferences in the value of Accept."""
    is_short = accept is not None and len(accept) <= LONGEST_ACCEPT
    return Preferences(webp=_prefers_webp(accept)) if accept and is_short else Preferences()


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
