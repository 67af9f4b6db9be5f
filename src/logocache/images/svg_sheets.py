"""Style sheets of an SVG: the rules that apply on a light or a dark page on a screen, nesting flattened."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element

import cssselect2
import tinycss2

from logocache.images.errors import ImageRefused
from logocache.images.svg_colours import Token, Tokens
from logocache.images.svg_values import comma_separated, pixels, trimmed

SIDE = 512
"""Pixels of the page's width and height: those of our drawing."""

DEEPEST_CONDITION = 10

_FEATURES = {
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


def media_matches(query: Sequence[Any], *, is_dark: bool = False) -> bool:
    """True if a list of media queries applies, on a light or a dark page: no query applies to all media."""
    queries = [trimmed(part) for part in comma_separated(query)]
    holds = partial(_holds, leaf=partial(_feature, is_dark=is_dark))
    return queries == [[]] or any(holds(part) is True for part in queries)


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


def _feature(tokens: Tokens, *, is_dark: bool) -> bool | None:
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
    if name == "prefers-color-scheme" and value.type == "ident":
        return bool(value.lower_value == ("dark" if is_dark else "light"))
    if name not in _FEATURES or value.type != "ident":
        return None
    return bool(value.lower_value == _FEATURES[name])


MOST_STYLING = 1_000_000
"""Selectors of style sheets times elements."""
MOST_DECLARATIONS = 20_000
"""In all style sheets, and in one `style` attribute."""
DEEPEST_NESTING = 10
"""Of rules in rules, and of `var()` in `var()`."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration of a property or of a custom property."""

    name: str
    value: Tokens
    is_important: bool


class Sheets:
    """The rules of all style sheets of a document."""

    def __init__(self, root: Element, *, is_dark: bool) -> None:
        self.lost: str | None = None
        self._is_dark = is_dark
        self._matcher = cssselect2.Matcher()
        self._selectors = 0
        self._declarations = 0
        elements = list(root.iter())
        for node in elements:
            if local_name(node) == "style" and node.get("type", "text/css").strip().lower() in {
                "",
                "text/css",
            }:
                media = tinycss2.parse_component_value_list(node.get("media", ""), skip_comments=True)
                if media_matches(media, is_dark=is_dark):
                    sheet = tinycss2.parse_stylesheet(
                        "".join(node.itertext()), skip_comments=True, skip_whitespace=True
                    )
                    self._add(sheet, "", 0)
        if self._selectors * len(elements) > MOST_STYLING:
            raise ImageRefused("an SVG whose style sheets have too many rules for its elements")

    def matching(self, element: Token) -> list[Declaration]:  # cssselect2 has no types
        """Declarations that apply to `element`, the strongest last."""
        return [
            declaration
            for _, _, pseudo, declarations in self._matcher.match(element)
            if pseudo is None
            for declaration in declarations
        ]

    def _add(self, rules: Sequence[Token], parent: str, depth: int) -> None:
        if depth > DEEPEST_NESTING:
            return
        for is_declared, group in groupby(rules, lambda rule: rule.type == "declaration"):
            if is_declared and parent:
                self._register(parent, list(declarations_in(list(group))))
            elif not is_declared:
                for rule in group:
                    self._add_rule(rule, parent, depth)

    def _add_rule(self, rule: Token, parent: str, depth: int) -> None:
        if rule.type == "qualified-rule":
            self._add(parsed_block(rule.content), _nested(rule.prelude, parent), depth + 1)
        elif rule.type == "at-rule":
            self._add_at_rule(rule, parent, depth)

    def _add_at_rule(self, rule: Token, parent: str, depth: int) -> None:  # tinycss2 has no types
        match rule.lower_at_keyword:
            case "import":
                self.lost = "a style sheet elsewhere"
            case "media" if rule.content is not None and media_matches(rule.prelude, is_dark=self._is_dark):
                self._add(_rules(rule.content, parent), parent, depth + 1)
            case "supports" if rule.content is not None and supports_matches(rule.prelude):
                self._add(_rules(rule.content, parent), parent, depth + 1)
            case "layer" if rule.content is not None:
                self._add(_rules(rule.content, parent), parent, depth + 1)
            case _:
                pass  # fonts, animations and whatever draws nothing here

    def _register(self, selector: str, declarations: list[Declaration]) -> None:
        self._declarations += len(declarations)
        if self._declarations > MOST_DECLARATIONS:
            raise ImageRefused(f"an SVG whose style sheets have more than {MOST_DECLARATIONS} declarations")
        try:
            compiled = cssselect2.compile_selector_list(selector)
        except (cssselect2.SelectorError, RecursionError):
            return  # An unknown selector costs its rule.
        for one in compiled:
            self._selectors += 1
            self._matcher.add_selector(one, declarations)


def parsed_block(block: str | Sequence[Token]) -> list[Token]:
    """Contents of a block of declarations and rules."""
    return list(tinycss2.parse_blocks_contents(block, skip_comments=True, skip_whitespace=True))


def _rules(content: Sequence[Token], parent: str) -> list[Token]:
    """The rules in a block that stands in the rule of `parent`, or in none."""
    if parent:
        return parsed_block(content)
    return list(tinycss2.parse_rule_list(content, skip_comments=True, skip_whitespace=True))


def _nested(prelude: Sequence[Token], parent: str) -> str:
    """The selectors in `prelude` as they read outside of the rule of `parent`."""
    scope = f":is({parent})" if parent else ":root"
    selectors = [tinycss2.serialize(part).strip() for part in comma_separated(prelude)]
    return ", ".join(
        selector.replace("&", scope) if "&" in selector or not parent else f"{scope} {selector}"
        for selector in selectors
    )


def declarations_in(parsed: Sequence[Token]) -> Iterator[Declaration]:
    """The declarations among the contents of a block."""
    for node in parsed:
        if node.type == "declaration":
            name = node.name if node.name.startswith("--") else node.lower_name
            yield Declaration(name, trimmed(node.value), node.important)


def local_name(node: Element) -> str:
    """The name of an element without its namespace."""
    return node.tag.rpartition("}")[2]
