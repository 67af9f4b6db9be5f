"""Estimate the work of drawing a sanitised SVG, which a few bytes can make arbitrarily large.

Unit: one layer of the drawing's full size, as for a group's opacity (16 ms with resvg-py 0.5 at 512 px on a
busy processor). `tests/benchmarks/bench_svg_effort.py` measures the weights. Content repeated by `use`,
patterns, masks, clip paths, markers and filters is counted as often as it is drawn. Layers of shapes far
outside count as one, though resvg makes them up to 5 by 5 times as large: many good logos have some.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from logocache.images.errors import LONGEST_SIDE, ImageRefused

MOST_UNITS = 140
"""About two seconds. Of 3,766 icons of the Iconify sets logos, devicon and skill-icons one has more: meta-ai,
with 61 filters. Underestimated drawings are ended by the time limit of the slow lane (`pool.Turns`)."""
MOST_PRIMITIVES = 32
"""In one filter; shadows have ten."""
DEEPEST = 300
"""Elements within elements, counted through references too."""

_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_GEOMETRY = {"x", "y", "width", "height", "cx", "cy", "r", "rx", "ry", "x1", "y1", "x2", "y2", "d", "points"}
_REFERRED = {"filter": 3.0, "mask": 2.0, "clipPath": 1.5, "pattern": 1.0}
_GRADIENTS = {"linearGradient": 0.2, "radialGradient": 0.2}
_DRAWN_BY_REFERENCE_ALONE = {"defs", "symbol", "marker", *_REFERRED, *_GRADIENTS}
_PAINTS = {"filter", *_GRADIENTS}
"""Their geometry is not that of a shape: it may lie anywhere and reach far."""
_PRIMITIVES = {
    "feGaussianBlur": 1.3,
    "feDropShadow": 3.0,
    "feTile": 1.2,
    "feDiffuseLighting": 1.5,
    "feSpecularLighting": 1.5,
    "feTurbulence": 2.2,
    "feImage": 1.0,
}
_OTHER_PRIMITIVE = 1.0
_PER_CELL = 0.15
"""Of a convolution's matrix."""
_PER_WINDOW = 1 / 16
"""For each pixel of the window of a dilation or erosion."""
_SHAPE, _STOP, _IMAGE, _PER_IMAGE_PIXEL, _PER_DASH = 0.01, 0.01, 4.5, 1 / 250_000, 1e-3
_FURTHEST = 5
"""Largest width and height of a filter's region, in those of the drawing."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TRANSFORM = re.compile(r"(?:matrix|scale)\s*\(([^()]*)\)")
_REFERENCE = re.compile(r"url\((#[^()]+)\)")
_FUNCTION = re.compile(
    r"\b(?:blur|drop-shadow|brightness|contrast|grayscale|hue-rotate|invert|opacity|saturate|sepia)\("
)


@dataclass(slots=True)
class _Node:
    name: str
    own: float = 0.0
    """Work that does not depend on the extent of the drawing."""
    layers: float = 0.0
    references: list[tuple[str, float]] = field(default_factory=list)
    children: list["_Node"] = field(default_factory=list)
    properties: list[tuple[str, str]] = field(default_factory=list)
    area: float = 1.0
    """Area of a filter's region, in areas of the drawing."""
    # Totals of the node and its descendants, for inherited properties:
    shapes: int = 0
    vertices: int = 0
    lengths: float = 0.0


class Effort:
    """Estimator: `begin` and `end` for each element, then `check`. Styles are attributes."""

    def __init__(self) -> None:
        self._root = _Node("")
        self._open = [self._root]
        self._by_id: dict[str, _Node] = {}
        self._side, self._scale = 0.0, 1.0

    def begin(self, name: str, attributes: Mapping[str, str], *, image_pixels: int = 0) -> None:
        node = _Node(name, properties=list(attributes.items()))
        if len(self._open) == 1:
            self._measure(attributes)
        else:
            self._look_at_geometry(node, attributes)
        self._weigh(node, attributes, image_pixels)
        self._by_id.setdefault(f"#{attributes.get('id', '')}", node)
        self._open[-1].children.append(node)
        self._open.append(node)

    def end(self) -> None:
        """Raises `ImageRefused` for a filter of more than `MOST_PRIMITIVES` primitives."""
        node = self._open.pop()
        self._open[-1].shapes += node.shapes
        self._open[-1].vertices += node.vertices
        self._open[-1].lengths += node.lengths
        if node.name == "filter" and len(node.children) > MOST_PRIMITIVES:
            raise ImageRefused(f"an SVG with a filter of more than {MOST_PRIMITIVES} steps")

    def check(self) -> None:
        """Raise `ImageRefused` if drawing would take too long."""
        units = self._units(self._root, {}, 0)
        if units > MOST_UNITS:
            raise ImageRefused("an SVG that takes too long to draw: its effects, or what it repeats")

    def _measure(self, root: Mapping[str, str]) -> None:
        box = _numbers(root.get("viewBox", ""))
        if len(box) != 4:  # noqa: PLR2004 - a view box has four numbers
            box = [0.0, 0.0, *(_first(root.get(side, ""), 0.0) for side in ("width", "height"))]
        self._side = max(box[2:])

    def _look_at_geometry(self, node: _Node, attributes: Mapping[str, str]) -> None:
        for name, value in attributes.items():
            if name in _GEOMETRY and not node.name.startswith("fe") and node.name not in _PAINTS:
                numbers = [abs(number) for number in _numbers(value)]
                node.lengths += sum(numbers)
                node.vertices += len(numbers) // 2
            elif name in {"transform", "patternTransform"}:
                for text in _TRANSFORM.findall(value):
                    self._scale = max([self._scale, *(abs(number) for number in _numbers(text)[:4])])

    def _weigh(self, node: _Node, attributes: Mapping[str, str], image_pixels: int) -> None:
        if node.name in _SHAPES:
            node.own, node.shapes = _SHAPE, 1
        elif node.name == "stop":
            node.own = _STOP
        elif node.name == "image":
            node.own, node.shapes = _IMAGE + image_pixels * _PER_IMAGE_PIXEL, 1
        elif node.name.startswith("fe"):
            node.layers = self._primitive(node.name, attributes) * self._open[-1].area
            node.own = image_pixels * _PER_IMAGE_PIXEL
        elif node.name == "filter":
            node.area = self._area(attributes)
        if "href" in attributes:
            node.references.append((attributes["href"], 1.0))

    def _primitive(self, name: str, attributes: Mapping[str, str]) -> float:
        weight = _PRIMITIVES.get(name, _OTHER_PRIMITIVE)
        match name:
            case "feTurbulence":
                return weight * max(_first(attributes.get("numOctaves", ""), 1.0), 1.0)
            case "feConvolveMatrix":
                order = _numbers(attributes.get("order", "")) or [3.0]
                return weight + _PER_CELL * abs(order[0] * order[-1])
            case "feMorphology":
                radii = _numbers(attributes.get("radius", "")) or [0.0]
                scale = self._scale**2 * LONGEST_SIDE / (self._side or 1.0)
                if any(
                    key == "primitiveUnits" and value != "userSpaceOnUse"
                    for key, value in self._open[-1].properties
                ):
                    scale = LONGEST_SIDE
                window = math.prod(2 * abs(radius) * scale + 1 for radius in (radii[0], radii[-1]))
                return weight + _PER_WINDOW * window
            case _:
                return weight

    def _area(self, attributes: Mapping[str, str]) -> float:
        """Area of a filter's region, in areas of the drawing."""
        unit = 1.0
        if attributes.get("filterUnits") == "userSpaceOnUse":
            unit = 1 / (self._side or 1.0)
        sides = []
        for name in ("width", "height"):
            text = attributes.get(name, "")
            sides.append(_first(text, 100.0) / 100 if "%" in text or not text else _first(text, 1.0) * unit)
        return min(max(abs(sides[0] * sides[1]) / 2, 1.0), _FURTHEST**2)

    def _units(self, node: _Node, known: dict[int, float], depth: int) -> float:
        """Units of `node` and everything drawn with it. Cycles are cut, as in resvg."""
        if depth > DEEPEST:
            raise ImageRefused("an SVG whose references go too deep")
        if id(node) in known:
            return known[id(node)]
        known[id(node)] = 0.0
        units = node.own + node.layers
        for reference, times in (*node.references, *self._effects(node)):
            target = self._by_id.get(reference)
            if target is not None:
                base = _REFERRED.get(target.name, 0.0) * target.area
                base += _GRADIENTS.get(target.name, 0.0)
                units += times * (base + self._units(target, known, depth + 1))
            elif not reference:
                units += times
        units += sum(
            self._units(child, known, depth + 1)
            for child in node.children
            if child.name not in _DRAWN_BY_REFERENCE_ALONE
        )
        known[id(node)] = min(units, 10.0 * MOST_UNITS)  # more makes no difference
        return known[id(node)]

    def _effects(self, node: _Node) -> Iterator[tuple[str, float]]:
        """References made by properties, and how often each is drawn; "" stands for a layer."""
        # Properties inherited through `use` may apply to any shape.
        inherited_by = self._root if node.name == "use" else node
        for name, value in node.properties:
            times = 1.0
            if name in {"fill", "stroke"}:
                times = max(inherited_by.shapes, 1)
            elif name.startswith("marker"):
                times = max(inherited_by.vertices, 1)
            for reference in _REFERENCE.findall(value):
                yield reference, times
            if (name == "opacity" and value.strip() not in {"1", "1.0", "100%"}) or (
                name in {"mix-blend-mode", "isolation"} and value.strip() not in {"normal", "auto"}
            ):
                yield "", 1.0
            elif name == "filter":
                yield "", 3.0 * len(_FUNCTION.findall(value))
            elif name == "stroke-dasharray":
                yield "", self._dashes(value, inherited_by) * _PER_DASH

    def _dashes(self, value: str, node: _Node) -> float:
        numbers = [abs(number) for number in _numbers(value)]
        period = sum(numbers) * (self._side / 100 if "%" in value else 1.0)
        return 2 * node.lengths / period if period > 0 else 0.0


def _numbers(text: str) -> list[float]:
    """The numbers in `text`, clamped to ±1e12."""
    return [min(max(float(number), -1e12), 1e12) for number in _NUMBER.findall(text)]


def _first(text: str, otherwise: float) -> float:
    return next(iter(_numbers(text)), otherwise)
