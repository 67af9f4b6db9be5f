"""The CSS of an SVG, resolved as a browser does on a page: style sheets become attributes.

resvg reads a small part of CSS: it takes the last value even where it cannot read it, ignores `var()`, and
drops a sheet for one escape. So nothing but presentation attributes is left for it. Rules: CSS Cascade 4,
CSS Nesting 1, Media Queries 5, SVG 2 chapter 6. `cssselect2` matches selectors.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import cssselect2
import tinycss2

from logocache.images import svg_colours as colours
from logocache.images import svg_values as values
from logocache.images.errors import ImageRefused
from logocache.images.svg_colours import Token, Tokens
from logocache.images.svg_sheets import (
    DEEPEST_NESTING,
    MOST_DECLARATIONS,
    Declaration,
    Sheets,
    declarations_in,
    local_name,
    parsed_block,
)
from logocache.images.svg_values import trimmed

MOST_TOKENS = 10_000
"""Of one value, after `var()` has been replaced."""

_RENDERING = ("auto", "optimizeSpeed", "crispEdges", "geometricPrecision", "optimizeQuality", "pixelated")
_RULES = values.one_of("nonzero", "evenodd")
_INHERITED: Mapping[str, tuple[Any, str]] = {
    "color": (colours.colour, "#000000"),
    "fill": (values.paint, "#000000"),
    "stroke": (values.paint, "none"),
    "fill-opacity": (values.opacity, "1"),
    "stroke-opacity": (values.opacity, "1"),
    "fill-rule": (_RULES, "nonzero"),
    "clip-rule": (_RULES, "nonzero"),
    "stroke-width": (values.length, "1"),
    "stroke-linecap": (values.one_of("butt", "round", "square"), "butt"),
    "stroke-linejoin": (values.one_of("miter", "miter-clip", "round", "bevel", "arcs"), "miter"),
    "stroke-miterlimit": (values.number, "4"),
    "stroke-dasharray": (values.dashes, "none"),
    "stroke-dashoffset": (values.length, "0"),
    "marker-start": (values.reference, "none"),
    "marker-mid": (values.reference, "none"),
    "marker-end": (values.reference, "none"),
    "visibility": (values.one_of("visible", "hidden", "collapse"), "visible"),
    "paint-order": (values.words, "normal"),
    "shape-rendering": (values.one_of(*_RENDERING), "auto"),
    "image-rendering": (values.one_of(*_RENDERING), "auto"),
    "color-interpolation": (values.one_of("auto", "sRGB", "linearRGB"), "sRGB"),
    "color-interpolation-filters": (values.one_of("auto", "sRGB", "linearRGB"), "linearRGB"),
}
"""Readers and initial values of inherited properties."""
_OWN: Mapping[str, Any] = {
    "opacity": values.opacity,
    "stop-color": colours.colour,
    "stop-opacity": values.opacity,
    "flood-color": colours.colour,
    "flood-opacity": values.opacity,
    "lighting-color": colours.colour,
    "background-color": colours.background,
    "display": values.words,
    "overflow": values.one_of("visible", "hidden", "scroll", "auto", "clip"),
    "clip-path": values.reference,
    "mask": values.reference,
    "filter": values.filters,
    "mask-type": values.one_of("luminance", "alpha"),
    "mix-blend-mode": values.words,
    "isolation": values.one_of("auto", "isolate"),
    "vector-effect": values.words,
}
_READERS = {**{name: reader for name, (reader, _) in _INHERITED.items()}, **_OWN}
_MARKERS = ("marker-start", "marker-mid", "marker-end")
_SHORTHANDS = {"marker": _MARKERS, "background": ("background-color",)}
_GEOMETRY = {
    **dict.fromkeys(("x", "y", "width", "height"), ("rect", "image", "svg", "use")),
    **dict.fromkeys(("rx", "ry"), ("rect", "ellipse")),
    **dict.fromkeys(("cx", "cy"), ("circle", "ellipse")),
    "r": ("circle",),
}
"""Properties that are attributes as well, and the elements that have them as properties."""
_OWN_BOXES = {"fill-box", "content-box", "border-box", "stroke-box"}


_Custom = Mapping[str, Tokens]


def resolve(root: Element, size: tuple[float, float] | None, *, is_dark: bool = False) -> str | None:
    """Resolve all CSS below `root` into presentation attributes; sheets, `style` and `class` are removed.

    `size` is that of the view box; the page is light or dark. Returns what cannot be drawn as a browser
    would, in words, or None.
    Raises `ImageRefused` for more than `MOST_STYLING` or `MOST_DECLARATIONS`.
    """
    sheets = Sheets(root, is_dark=is_dark)
    wrapped = cssselect2.ElementWrapper.from_xml_root(root)
    custom: dict[Element | None, _Custom] = {None: {}}
    for element in list(wrapped.iter_subtree()):
        node = element.etree_element
        parent = element.parent.etree_element if element.parent is not None else None
        custom[node] = _Style(node, sheets.matching(element), custom[parent], size, sheets).apply()
    for node in root.iter():
        for child in [child for child in node if local_name(child) == "style"]:
            node.remove(child)
    return sheets.lost


class _Style:
    """The style of one element."""

    def __init__(
        self,
        node: Element,
        matches: list[Declaration],
        inherited: _Custom,
        size: tuple[float, float] | None,
        sheets: Sheets,
    ) -> None:
        self._node, self._size, self._sheets = node, size, sheets
        inline = node.attrib.pop("style", None)
        node.attrib.pop("class", None)
        declared = list(matches)
        if inline is not None:
            parsed = parsed_block(inline)
            if len(parsed) > MOST_DECLARATIONS:
                raise ImageRefused(f"an SVG with a style of more than {MOST_DECLARATIONS} declarations")
            declared += declarations_in(parsed)
        declared.sort(key=lambda declaration: declaration.is_important)  # stable: the strongest stays last
        self._declared = declared
        own = {item.name: item.value for item in declared if item.name.startswith("--")}
        self._custom: _Custom = {**inherited, **own} if own else inherited

    def apply(self) -> _Custom:
        """Write the style into attributes; returns the custom properties that children inherit."""
        strongest: dict[str, str | None] = {}
        for name, reader in _READERS.items():
            if name in self._node.attrib and not name.startswith("background"):
                tokens = trimmed(tinycss2.parse_component_value_list(self._node.attrib[name]))
                strongest[name] = self._read(name, reader, tokens)
        for declaration in self._declared:
            for name in _SHORTHANDS.get(declaration.name, (declaration.name,)):
                self._declare(name, declaration, strongest)
        for name, value in strongest.items():
            if value:
                self._node.set(name, value)
            else:
                self._node.attrib.pop(name, None)
        return self._custom

    def _declare(self, name: str, declaration: Declaration, strongest: dict[str, str | None]) -> None:
        element = local_name(self._node)
        if name in _READERS:
            value = self._read(name, _READERS[name], declaration.value)
            if value is not None or self._uses_variables(declaration.value):
                strongest[name] = value
            elif name == "clip-path" and declaration.value:
                self._sheets.lost = self._sheets.lost or "a clip path that is a CSS shape"
        elif element in _GEOMETRY.get(name, ()):
            value = values.css_length(self._replaced(declaration.value) or [])
            if value is not None:
                strongest[name] = value
        elif name == "d" and element == "path":
            strongest[name] = (
                values.path_data(declaration.value) or strongest.get(name) or self._node.get("d")
            )
        elif name.startswith("transform"):
            self._declare_transform(name, self._replaced(declaration.value) or [], strongest)

    def _declare_transform(self, name: str, tokens: Tokens, strongest: dict[str, str | None]) -> None:
        value: str | None
        match name:
            case "transform":
                value = values.transform(tokens)
                if value is None:
                    self._sheets.lost = self._sheets.lost or "a transform that depends on a box"
            case "transform-origin":
                box = strongest.get("transform-box") or self._box()
                value = values.origin(tokens, None if box in _OWN_BOXES else self._size)
            case "transform-box":
                value = values.words(tokens)
            case _:
                return
        if value is not None:
            strongest[name] = value

    def _box(self) -> str | None:
        boxes = [values.words(item.value) for item in self._declared if item.name == "transform-box"]
        return boxes[-1] if boxes else self._node.get("transform-box")

    def _read(self, name: str, reader: Token, tokens: Tokens) -> str | None:  # one of `_READERS`
        """The value as resvg reads it; "" for none of its own, None for one that is ignored."""
        replaced = self._replaced(tokens)
        if replaced is None:
            return None
        if len(replaced) == 1 and replaced[0].type == "ident":
            match replaced[0].lower_value:
                case "inherit":
                    return "inherit"
                case "initial":
                    return _INHERITED[name][1] if name in _INHERITED else ""
                case "unset" | "revert" | "revert-layer":
                    return ""
                case _:
                    pass
        value: str | None = reader(replaced)
        return value

    @staticmethod
    def _uses_variables(tokens: Tokens) -> bool:
        return any(token.type == "function" and token.lower_name == "var" for token in tokens)

    def _replaced(self, tokens: Tokens, depth: int = 0) -> Tokens | None:
        """`tokens` with all `var()` replaced; None if one is undefined, cyclic, or too large."""
        if depth > DEEPEST_NESTING:
            return None
        result: list[Token] = []
        for token in tokens:
            if token.type == "function" and token.lower_name == "var":
                found = self._variable(token.arguments, depth)
            elif token.type == "function" and self._mentions(token.arguments):
                inside = self._replaced(token.arguments, depth + 1)
                found = None if inside is None else _function(token, inside)
            else:
                found = [token]
            if found is None or len(result) + len(found) > MOST_TOKENS:
                return None
            result += found
        return result

    def _variable(self, arguments: Sequence[Token], depth: int) -> Tokens | None:
        parts = trimmed(arguments)
        if not parts or parts[0].type != "ident":
            return None
        value = self._custom.get(parts[0].value)
        found = None if value is None else self._replaced(value, depth + 1)
        if found is None and len(parts) > 1 and parts[1] == ",":
            return self._replaced(parts[2:], depth + 1)
        return found

    def _mentions(self, tokens: Sequence[Token]) -> bool:
        return any(
            token.type == "function" and (token.lower_name == "var" or self._mentions(token.arguments))
            for token in tokens
        )


def _function(token: Token, arguments: Tokens) -> Tokens:  # tinycss2 has no types
    text = f"{token.name}({tinycss2.serialize(arguments)})"
    return trimmed(tinycss2.parse_component_value_list(text))
