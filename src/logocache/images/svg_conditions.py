"""Conditions of `@media` and `@supports`, judged for a light page on a screen (Media Queries 5)."""

from collections.abc import Callable, Sequence
from typing import Any

from logocache.images.svg_colours import Token, Tokens
from logocache.images.svg_values import comma_separated, pixels, trimmed

SIDE = 512
"""Pixels of the page's width and height: those of our drawing."""

DEEPEST_CONDITION = 10

_FEATURES = {
    "prefers-color-scheme": "light",
    "prefers-reduced-motion": "no-preference",
    "prefers-reduced-transparency": "no-preference",
    "prefers-contrast": "no-preference",
    "forced-colors": "none",
    "inverted-colors": "none",
    "hover": "hover",
    "any-hover": "hover",
    "pointer": "fine",
    "any-pointer": "fine",
    "orientation": "portrait",
    "display-mode": "browser",
    "color-gamut": "srgb",
    "dynamic-range": "standard",
    "scripting": "none",
    "update": "fast",
}
_COMPARISONS: dict[str, Callable[[float], bool]] = {
    "": lambda size: size == SIDE,
    "min-": lambda size: size <= SIDE,
    "max-": lambda size: size >= SIDE,
}


def media_matches(query: Sequence[Any]) -> bool:
    """True if a list of media queries applies: no query applies to all media."""
    queries = [trimmed(part) for part in comma_separated(query)]
    return queries == [[]] or any(_holds(part, _feature) is True for part in queries)


def supports_matches(condition: Sequence[Any]) -> bool:
    """True if the condition of `@supports` holds in a browser that knows every property."""
    return _holds(trimmed(condition), lambda _: True) is True


def _holds(tokens: Tokens, leaf: Callable[[Tokens], bool | None], depth: int = 0) -> bool | None:
    """Value of a condition; None if it is unknown, which `not` does not make true."""
    result: bool | None = None
    operator, is_negated, is_first = "and", False, True
    for token in tokens:
        word = token.lower_value if token.type == "ident" else None
        if word == "not":
            is_negated = True
            continue
        if word in {"and", "or"}:
            operator = word
            continue
        if word == "only":
            continue
        value = _value(token, leaf, depth)
        if is_negated and value is not None and word is None:
            value, is_negated = not value, False
        if is_first:
            result, is_first = value, False
        elif operator == "and":
            result = (
                False if value is False or result is False else (None if None in (value, result) else True)
            )
        else:
            result = True if value is True or result is True else (None if None in (value, result) else False)
    # `not screen and (…)` negates the whole query.
    return not result if is_negated and result is not None else result


def _value(token: Token, leaf: Callable[[Tokens], bool | None], depth: int) -> bool | None:  # tinycss2
    if token.type == "ident":
        return token.lower_value in {"all", "screen"}
    if token.type == "function":
        return leaf(trimmed(token.arguments))
    if token.type != "() block" or depth > DEEPEST_CONDITION:  # nobody nests deeper
        return None
    inside = trimmed(token.content)
    if any(part.type == "() block" for part in inside):
        return _holds(inside, leaf, depth + 1)
    return leaf(inside)


def _feature(tokens: Tokens) -> bool | None:
    if not tokens or tokens[0].type != "ident":
        return None
    name = tokens[0].lower_value
    if len(tokens) == 1:
        return name in {
            "color",
            "width",
            "height",
            "hover",
            "pointer",
            "any-hover",
            "any-pointer",
            "update",
        } or (name == "prefers-color-scheme")
    prefix = name[:4] if name.startswith(("min-", "max-")) else ""
    value = tokens[-1]
    if name.removeprefix(prefix) in {"width", "height"}:
        size = pixels(value)
        return None if size is None else _COMPARISONS[prefix](size)
    if name not in _FEATURES or value.type != "ident":
        return None
    return bool(value.lower_value == _FEATURES[name])
