"""Times what an SVG's effects take to draw at 512 px: what the weights in `images/svg_effort.py` stand for.

For each effect: milliseconds of the processor for one of it, measured over twenty of the drawing's full size.
"""

import time
from collections.abc import Iterator
from functools import partial

import resvg_py

from harness.image_samples import svg
from side_by_side import Contest, Figures, Options

TIMES = 20
BOX = '<rect width="10" height="10" fill="red" {}/>'


def steps(primitive: str) -> str:
    return f'<filter id="f" x="0" y="0" width="1" height="1">{primitive}</filter>' + BOX.format(
        'filter="url(#f)"'
    )


EFFECTS = {
    "a shape": BOX.format("") * TIMES,
    "a layer": BOX.format('opacity=".9"') * TIMES,
    "a clip path": '<clipPath id="c"><circle r="9"/></clipPath>' + BOX.format('clip-path="url(#c)"') * TIMES,
    "a mask": f'<mask id="m">{BOX.format("")}</mask>' + BOX.format('mask="url(#m)"') * TIMES,
    "a pattern": f'<pattern id="p" width="1" height="1">{BOX.format("")}</pattern>'
    + BOX.format("").replace("red", "url(#p)") * TIMES,
    "a filter with one step": '<filter id="f"><feOffset/></filter>' + BOX.format('filter="url(#f)"') * TIMES,
    "feOffset": steps("<feOffset/>" * TIMES),
    "feTile": steps("<feTile/>" * TIMES),
    "feGaussianBlur": steps('<feGaussianBlur stdDeviation="1"/>' * TIMES),
    "feDropShadow": steps('<feDropShadow stdDeviation="1"/>' * TIMES),
    "feDiffuseLighting": steps("<feDiffuseLighting><feDistantLight/></feDiffuseLighting>" * TIMES),
    "feTurbulence, an octave": steps(f'<feTurbulence baseFrequency=".05" numOctaves="{TIMES}"/>'),
    "feMorphology of 1 px": steps('<feMorphology operator="dilate" radius=".02"/>' * TIMES),
    "feConvolveMatrix, 3 by 3": steps('<feConvolveMatrix kernelMatrix="0 0 0 0 1 0 0 0 0"/>' * TIMES),
}


def contests(options: Options) -> Iterator[Contest]:
    side = 32 if options.quick else 512
    yield Contest(
        title=f"an effect at {side} px",
        contestants={name: partial(draw, svg(content).decode(), side) for name, content in EFFECTS.items()},
    )


def draw(drawing: str, side: int) -> Figures:
    begun = time.process_time()
    resvg_py.svg_to_bytes(svg_string=drawing, width=side, height=side, skip_system_fonts=True, dpi=96)
    return {"CPU ms/effect": (time.process_time() - begun) * 1000 / TIMES}
