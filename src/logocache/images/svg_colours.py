"""Colours of CSS (CSS Color 4) as `#rrggbb` in sRGB, clipped as browsers clip them."""

import math
from collections.abc import Sequence
from typing import Any

import tinycss2
import tinycss2.color5

Token = Any
"""A component value of tinycss2, which has no types."""
Tokens = Sequence[Token]

# RGB to XYZ with a white point of D65, and back (CSS Color 4, section 18).
_XYZ_TO_SRGB = (
    (3.2409699419045213, -1.5373831775700935, -0.4986107602930033),
    (-0.9692436362808798, 1.8759675015077206, 0.04155505740717561),
    (0.05563007969699361, -0.20397695888897657, 1.0569715142428786),
)
_D50_TO_D65 = (
    (0.955473421488075, -0.02309845494876471, 0.06325924320057072),
    (-0.0283697093338637, 1.0099953980813041, 0.021041441191917323),
    (0.012314014864481998, -0.020507649298898964, 1.330365926242124),
)
_TO_XYZ = {
    "srgb-linear": (
        (0.4123907992659595, 0.35758433938387796, 0.1804807884018343),
        (0.21263900587151036, 0.7151686787677559, 0.07219231536073371),
        (0.01933081871559185, 0.11919477979462599, 0.9505321522496606),
    ),
    "display-p3": (
        (0.48657094864821626, 0.26566769316909294, 0.1982172852343625),
        (0.22897456406974884, 0.6917385218365062, 0.079286914093745),
        (0.0, 0.045113381858902575, 1.0439443689009757),
    ),
    "a98-rgb": (
        (0.5766690429101308, 0.18555823790654627, 0.18822864623499472),
        (0.29734497525053616, 0.627363566255466, 0.07529145849399789),
        (0.027031361386412378, 0.07068885253582714, 0.9913375368376389),
    ),
    "rec2020": (
        (0.6369580483012913, 0.14461690358620838, 0.16888097516417205),
        (0.26270021201126703, 0.677998071518871, 0.059301716469861945),
        (0.0, 0.028072693049087508, 1.0609850577107909),
    ),
}
_SRGB_TOE = 0.0031308
"""Light up to which sRGB is linear."""
Vector = tuple[float, float, float]


def colour(tokens: Tokens) -> str | None:
    """`currentColor`, `#rrggbb` or `rgba(…)`."""
    if len(tokens) != 1:
        return None
    try:
        parsed = tinycss2.color5.parse_color(tokens[0])
        if parsed is None:
            return None
        if parsed == "currentcolor":
            return "currentColor"
        red, green, blue = (round(255 * min(max(channel, 0.0), 1.0)) for channel in _srgb(parsed))
    except (ArithmeticError, LookupError, NotImplementedError, TypeError, ValueError):
        return None
    if parsed.alpha == 1:
        return f"#{red:02x}{green:02x}{blue:02x}"
    return f"rgba({red},{green},{blue},{parsed.alpha:g})"


def background(tokens: Tokens) -> str | None:
    """The colour of a `background`; its images cannot be in a logo."""
    colours = [found for token in tokens if (found := colour([token])) is not None]
    if not colours and any(token.type == "ident" and token.lower_value == "none" for token in tokens):
        return "rgba(0,0,0,0)"
    return colours[-1] if colours else None


def _srgb(value: Token) -> Vector:
    """Channels of a colour in sRGB, out of range where sRGB cannot show it."""
    space, coordinates = value.space, tuple(coordinate or 0.0 for coordinate in value.coordinates)
    match space:
        case "srgb":
            return _vector(coordinates)
        case "hsl" | "hwb":
            return _vector(value.to("srgb").coordinates)
        case "lab" | "lch":
            xyz = _times(_D50_TO_D65, value.to("xyz-d50").coordinates)
        case "oklab" | "oklch":
            xyz = _vector(value.to("xyz-d65").coordinates)
        case "xyz" | "xyz-d65":
            xyz = _vector(coordinates)
        case "xyz-d50":
            xyz = _times(_D50_TO_D65, coordinates)
        case _:
            xyz = _times(_TO_XYZ[space], [_linear(channel, space) for channel in coordinates])
    return _vector([_encoded(channel) for channel in _times(_XYZ_TO_SRGB, xyz)])


def _linear(channel: float, space: str) -> float:
    size = abs(channel)
    match space:
        case "display-p3":
            light = size / 12.92 if size <= _SRGB_TOE * 12.92 else ((size + 0.055) / 1.055) ** 2.4
        case "a98-rgb":
            light = size ** (563 / 256)
        case "rec2020":
            alpha, beta = 1.09929682680944, 0.018053968510807
            light = size / 4.5 if size < beta * 4.5 else ((size + alpha - 1) / alpha) ** (1 / 0.45)
        case _:
            light = size
    return math.copysign(light, channel)


def _encoded(light: float) -> float:
    size = abs(light)
    channel = 12.92 * size if size <= _SRGB_TOE else 1.055 * size ** (1 / 2.4) - 0.055
    return math.copysign(channel, light)


def _times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> Vector:
    return _vector([sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix])


def _vector(values: Sequence[float]) -> Vector:
    first, second, third = values
    return first, second, third
