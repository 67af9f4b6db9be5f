"""The CSS of an SVG, resolved as a browser does on a light page: style sheets become attributes.

resvg reads a small part of CSS: it takes the last value even where it cannot read it, ignores `var()`, and
drops a sheet for one escape. So nothing but presentation attributes is left for it. Rules: CSS Cascade 4,
CSS Nesting 1, Media Queries 5, SVG 2 chapter 6. `cssselect2` matches selectors.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element

import cssselect2
import tinycss2

from logocache.images import svg_values as values
from logocache.images.errors import ImageRefused
from logocache.images.svg_conditions import media_matches, supports_matches
from logocache.images.svg_values import Token, Tokens

MOST_STYLING = 1_000_000
"""Selectors of style sheets times elements."""
MOST_DECLARATIONS = 20_000
"""In all style sheets, and in one `style` attribute."""
DEEPEST_NESTING = 10
"""Of rules in rules, and of `var()` in `var()`."""
MOST_TOKENS = 10_000
"""Of one value, after `var()` has been replaced."""

_RENDERING = ("auto", "optimizeSpeed", "crispEdges", "geometricPrecision", "optimizeQuality", "pixelated")
_RULES = values.one_of("nonzero", "evenodd")
_INHERITED: Mapping[str, tuple[Any, str]] = {
    "color": (values.colour, "#000000"),
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
    "stop-color": values.colour,
    "stop-opacity": values.opacity,
    "flood-color": values.colour,
    "flood-opacity": values.opacity,
    "lighting-color": values.colour,
    "background-color": values.background,
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


@dataclass(frozen=True, slots=True)
class _Declaration:
    name: str
    value: Tokens
    is_important: bool


_Custom = Mapping[str, Tokens]


def resolve(root: Element, size: tuple[float, float] | None) -> str | None:
    """Resolve all CSS below `root` into presentation attributes; sheets, `style` and `class` are removed.

    `size` is that of the view box. Returns what cannot be drawn as a browser would, in words, or None.
    Raises `ImageRefused` for more than `MOST_STYLING` or `MOST_DECLARATIONS`.
    """
    sheets = _Sheets(root)
    wrapped = cssselect2.ElementWrapper.from_xml_root(root)
    custom: dict[Element | None, _Custom] = {None: {}}
    for element in list(wrapped.iter_subtree()):
        node = element.etree_element
        parent = element.parent.etree_element if element.parent is not None else None
        custom[node] = _Style(node, sheets.matching(element), custom[parent], size, sheets).apply()
    for node in root.iter():
        for child in [child for child in node if _name(child) == "style"]:
            node.remove(child)
    return sheets.lost


class _Sheets:
    """The rules of all style sheets of a document."""

    def __init__(self, root: Element) -> None:
        self.lost: str | None = None
        self._matcher = cssselect2.Matcher()
        self._selectors = 0
        self._declarations = 0
        elements = list(root.iter())
        for node in elements:
            if _name(node) == "style" and node.get("type", "text/css").strip().lower() in {"", "text/css"}:
                media = tinycss2.parse_component_value_list(node.get("media", ""), skip_comments=True)
                if media_matches(media):
                    sheet = tinycss2.parse_stylesheet(
                        "".join(node.itertext()), skip_comments=True, skip_whitespace=True
                    )
                    self._add(sheet, "", 0)
        if self._selectors * len(elements) > MOST_STYLING:
            raise ImageRefused("an SVG whose style sheets have too many rules for its elements")

    def matching(self, element: Token) -> list[_Declaration]:  # cssselect2 has no types
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
                self._register(parent, list(_declared(list(group))))
            elif not is_declared:
                for rule in group:
                    self._add_rule(rule, parent, depth)

    def _add_rule(self, rule: Token, parent: str, depth: int) -> None:
        if rule.type == "qualified-rule":
            selector = _nested(tinycss2.serialize(rule.prelude).strip(), parent)
            self._add(_parsed(rule.content), selector, depth + 1)
        elif rule.type == "at-rule":
            self._add_at_rule(rule, parent, depth)

    def _add_at_rule(self, rule: Token, parent: str, depth: int) -> None:  # tinycss2 has no types
        match rule.lower_at_keyword:
            case "import":
                self.lost = "a style sheet elsewhere"
            case "media" if rule.content is not None and media_matches(rule.prelude):
                self._add(_rules(rule.content, parent), parent, depth + 1)
            case "supports" if rule.content is not None and supports_matches(rule.prelude):
                self._add(_rules(rule.content, parent), parent, depth + 1)
            case "layer" if rule.content is not None:
                self._add(_rules(rule.content, parent), parent, depth + 1)
            case _:
                pass  # fonts, animations and whatever draws nothing here

    def _register(self, selector: str, declarations: list[_Declaration]) -> None:
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


def _parsed(block: str | Sequence[Token]) -> list[Token]:
    return list(tinycss2.parse_blocks_contents(block, skip_comments=True, skip_whitespace=True))


def _rules(content: Sequence[Token], parent: str) -> list[Token]:
    """The rules in a block that stands in the rule of `parent`, or in none."""
    if parent:
        return _parsed(content)
    return list(tinycss2.parse_rule_list(content, skip_comments=True, skip_whitespace=True))


def _nested(selector: str, parent: str) -> str:
    if not parent:
        return selector.replace("&", ":root")
    return selector.replace("&", f":is({parent})") if "&" in selector else f":is({parent}) {selector}"


def _declared(parsed: Sequence[Token]) -> Iterator[_Declaration]:
    for node in parsed:
        if node.type == "declaration":
            name = node.name if node.name.startswith("--") else node.lower_name
            yield _Declaration(name, _trimmed(node.value), node.important)


def _trimmed(tokens: Sequence[Token]) -> Tokens:
    return [token for token in tokens if token.type not in {"whitespace", "comment"}]


class _Style:
    """The style of one element."""

    def __init__(
        self,
        node: Element,
        matches: list[_Declaration],
        inherited: _Custom,
        size: tuple[float, float] | None,
        sheets: _Sheets,
    ) -> None:
        self._node, self._size, self._sheets = node, size, sheets
        inline = node.attrib.pop("style", None)
        node.attrib.pop("class", None)
        declared = list(matches)
        if inline is not None:
            parsed = _parsed(inline)
            if len(parsed) > MOST_DECLARATIONS:
                raise ImageRefused(f"an SVG with a style of more than {MOST_DECLARATIONS} declarations")
            declared += _declared(parsed)
        declared.sort(key=lambda declaration: declaration.is_important)  # stable: the strongest stays last
        self._declared = declared
        own = {item.name: item.value for item in declared if item.name.startswith("--")}
        self._custom: _Custom = {**inherited, **own} if own else inherited

    def apply(self) -> _Custom:
        """Write the style into attributes; returns the custom properties that children inherit."""
        strongest: dict[str, str | None] = {}
        for name, reader in _READERS.items():
            if name in self._node.attrib and not name.startswith("background"):
                tokens = _trimmed(tinycss2.parse_component_value_list(self._node.attrib[name]))
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

    def _declare(self, name: str, declaration: _Declaration, strongest: dict[str, str | None]) -> None:
        element = _name(self._node)
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
        parts = _trimmed(arguments)
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
    return _trimmed(tinycss2.parse_component_value_list(text))


def _name(node: Element) -> str:
    return node.tag.rpartition("}")[2]
