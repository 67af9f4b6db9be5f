"""Values of CSS properties as resvg reads them, or None where a browser ignores the declaration.

The grammar is that of SVG 2 (https://www.w3.org/TR/SVG2/propidx.html) and CSS Color 4. Values come as
lists of tinycss2's component values, without comments.
"""

import math
from collections.abc import Callable, Iterable, Mapping

from logocache.images.svg_colours import Token, Tokens, colour

_UNITS = {"px": 1, "pt": 96 / 72, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6}
_UNITS |= {"em": 16, "rem": 16, "ex": 8, "ch": 8}
_ANGLES = {"deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}


def paint(tokens: Tokens) -> str | None:
    """A paint: a colour, `none`, or a reference with an optional fallback (SVG 2, 13.2)."""
    if not tokens:
        return None
    if tokens[0].type == "ident" and len(tokens) == 1:
        word = str(tokens[0].lower_value)
        if word in {"none", "context-fill", "context-stroke"}:
            return word
    if (target := url_of(tokens[0])) is not None:
        if len(tokens) == 1:
            return f"url({target})"
        fallback = paint(tokens[1:])
        return None if fallback is None or "url" in fallback else f"url({target}) {fallback}"
    return colour(tokens)


def opacity(tokens: Tokens) -> str | None:
    """A number from 0 to 1."""
    if len(tokens) != 1 or tokens[0].type not in {"number", "percentage"}:
        return None
    value = tokens[0].value / (100 if tokens[0].type == "percentage" else 1)
    return f"{min(max(value, 0.0), 1.0):g}"


def number(tokens: Tokens) -> str | None:
    return f"{tokens[0].value:g}" if len(tokens) == 1 and tokens[0].type == "number" else None


def pixels(token: Token) -> float | None:
    """A length in px; a number without a unit counts as px."""
    if token.type == "number":
        return float(token.value)
    if token.type == "dimension" and token.lower_unit in _UNITS:
        return float(token.value * _UNITS[token.lower_unit])
    return None


def length(tokens: Tokens) -> str | None:
    """A length in px, or a percentage."""
    if len(tokens) != 1:
        return None
    if tokens[0].type == "percentage":
        return f"{tokens[0].value:g}%"
    found = pixels(tokens[0])
    return None if found is None else f"{found:g}"


def css_length(tokens: Tokens) -> str | None:
    """As `length`, where a number other than 0 needs a unit (CSS Values 4, 6)."""
    if len(tokens) == 1 and tokens[0].type == "number" and tokens[0].value:
        return None
    return length(tokens)


def dashes(tokens: Tokens) -> str | None:
    """Lengths of dashes and gaps, or `none`."""
    if _word(tokens) == "none":
        return "none"
    found = [length([token]) for token in tokens if not _is_comma(token)]
    return ",".join(text for text in found if text) if found and None not in found else None


def reference(tokens: Tokens) -> str | None:
    """A reference to an element of the document, or `none`."""
    if _word(tokens) == "none":
        return "none"
    target = url_of(tokens[0]) if len(tokens) == 1 else None
    return None if target is None else f"url({target})"


_FILTER_FUNCTIONS = {"blur", "drop-shadow", "brightness", "contrast", "grayscale", "hue-rotate", "invert"}
_FILTER_FUNCTIONS |= {"opacity", "saturate", "sepia"}


def filters(tokens: Tokens) -> str | None:
    """References to filters and filter functions, or `none`."""
    if _word(tokens) == "none":
        return "none"
    parts = []
    for token in tokens:
        if (target := url_of(token)) is not None:
            parts.append(f"url({target})")
        elif token.type == "function" and token.lower_name in _FILTER_FUNCTIONS:
            parts.append(str(token.serialize()))
        else:
            return None
    return " ".join(parts) or None


def one_of(*words: str) -> Callable[[Tokens], str | None]:
    """A reader of one of `words`, in any case."""
    spelt = {word.lower(): word for word in words}
    return lambda tokens: spelt.get(_word(tokens) or "")


def words(tokens: Tokens) -> str | None:
    """Words, whatever they are."""
    if not tokens or any(token.type != "ident" for token in tokens):
        return None
    return " ".join(token.lower_value for token in tokens)


def path_data(tokens: Tokens) -> str | None:
    """The data in `path("…")`."""
    if len(tokens) != 1 or tokens[0].type != "function" or tokens[0].lower_name != "path":
        return None
    strings = [token for token in tokens[0].arguments if token.type == "string"]
    return str(strings[-1].value) if strings else None


def url_of(token: Token) -> str | None:
    """The reference in `url(…)`, as written."""
    if token.type == "url":
        return str(token.value).strip()
    if token.type == "function" and token.lower_name == "url":
        strings = [argument.value for argument in token.arguments if argument.type == "string"]
        return str(strings[0]).strip() if strings else None
    return None


def trimmed(tokens: Iterable[Token]) -> Tokens:
    """`tokens` without white space and comments."""
    return [token for token in tokens if token.type not in {"whitespace", "comment"}]


def comma_separated(tokens: Iterable[Token]) -> list[list[Token]]:
    """The parts of `tokens` between commas; one empty part if there are no tokens."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if _is_comma(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _is_comma(token: Token) -> bool:
    return bool(token.type == "literal" and token.value == ",")


def _word(tokens: Tokens) -> str | None:
    return str(tokens[0].lower_value) if len(tokens) == 1 and tokens[0].type == "ident" else None


_TRANSFORMS: Mapping[str, tuple[str, str]] = {
    "matrix": ("matrix", "numbers"),
    "translate": ("translate", "lengths"),
    "translatex": ("translate", "x"),
    "translatey": ("translate", "y"),
    "scale": ("scale", "numbers"),
    "scalex": ("scale", "sx"),
    "scaley": ("scale", "sy"),
    "rotate": ("rotate", "angle"),
    "rotatez": ("rotate", "angle"),
    "skewx": ("skewX", "angle"),
    "skewy": ("skewY", "angle"),
    "skew": ("matrix", "skew"),
    "translate3d": ("translate", "lengths"),
    "translatez": ("", ""),
}
"""Functions of CSS Transforms, the function of the attribute, and its arguments."""


def transform(tokens: Tokens) -> str | None:
    """A `transform` as the attribute has it; None where a function depends on a box or is unknown."""
    if _word(tokens) == "none":
        return ""
    parts = [_function(token) for token in tokens]
    return None if not parts or None in parts else " ".join(part for part in parts if part)


def _function(function: Token) -> str | None:
    if function.type != "function" or function.lower_name not in _TRANSFORMS:
        return None
    given = [
        _amount(part) for part in function.arguments if part.type != "whitespace" and not _is_comma(part)
    ]
    if not given or None in given:
        return None
    name, kind = _TRANSFORMS[function.lower_name]
    numbers = [number for number in given if number is not None]
    first, second = numbers[0], numbers[1] if len(numbers) > 1 else 0.0
    arguments = {
        "x": [first, 0],
        "y": [0, first],
        "sx": [first, 1],
        "sy": [1, first],
        "lengths": [first, second],
        "skew": [1, math.tan(math.radians(second)), math.tan(math.radians(first)), 1, 0, 0],
    }.get(kind, numbers)
    return f"{name}({' '.join(f'{argument:.9g}' for argument in arguments)})" if name else ""


def _amount(token: Token) -> float | None:
    if token.type == "dimension" and token.lower_unit in _ANGLES:
        return float(token.value * _ANGLES[token.lower_unit])
    return pixels(token)


_PLACES = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}


def origin(tokens: Tokens, size: tuple[float, float] | None) -> str | None:
    """A `transform-origin`: two lengths or percentages; without percentages where `size` is known."""
    parts = []
    for token in tokens[:2]:
        text = _PLACES.get(str(token.lower_value)) if token.type == "ident" else length([token])
        if text is None:
            return None
        parts.append(text)
    if not parts:
        return None
    if tokens[0].type == "ident" and tokens[0].lower_value in {"top", "bottom"}:
        parts = [parts[1] if len(parts) > 1 else "50%", parts[0]]
    parts = [*parts, "50%"][:2]
    if size is not None:
        parts = [
            f"{float(part[:-1]) * side / 100:g}" if part.endswith("%") else part
            for part, side in zip(parts, size, strict=True)
        ]
    return " ".join(parts)
