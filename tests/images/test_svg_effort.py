"""A drawing is refused for the work it makes, and for nothing else. Nothing is timed here."""

import pytest

from harness.image_samples import SMALL_IMAGES, data_uri, svg
from logocache.images.errors import ImageRefused
from logocache.images.svg import rasterise
from logocache.images.svg_sanitiser import sanitise

SHAPE = '<rect width="10" height="10" fill="red"/>'
SHADOW = (
    '<feFlood flood-opacity="0" result="a"/><feColorMatrix in="SourceAlpha" values="0 0 0 0 0 0 0 0 0 0 '
    '0 0 0 0 0 0 0 0 127 0" result="b"/><feOffset dy="1"/><feGaussianBlur stdDeviation="1"/>'
    '<feComposite in2="b" operator="out"/><feColorMatrix values="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 .2 0"/>'
    '<feBlend in2="a" result="c"/><feBlend in="SourceGraphic" in2="c"/>'
)
"""As design programs write it."""


def filtered(primitives: str, attributes: str = "", shape: str = SHAPE) -> bytes:
    return svg(f'<filter id="f" {attributes}>{primitives}</filter><g filter="url(#f)">{shape}</g>')


def nested(kind: str, use: str, levels: int, width: int = 2) -> str:
    """Each level draws the one below it `width` times: the work grows with the power of `levels`."""
    parts = [f'<{kind} id="n0" width="1" height="1">{SHAPE}</{kind}>']
    for level in range(1, levels):
        drawn = f'<rect width="10" height="10" {use}="url(#n{level - 1})"/>' * width
        parts.append(f'<{kind} id="n{level}" width="1" height="1">{drawn}</{kind}>')
    return "".join(parts) + f'<rect width="10" height="10" {use}="url(#n{levels - 1})"/>'


USES = "".join(f'<g id="u{level}">{f"""<use href="#u{level - 1}"/>""" * 10}</g>' for level in range(1, 12))
LAYER = '<rect width="10" height="10" opacity=".9"/>'
IMAGE = f'<image id="i" width="9" height="9" href="{data_uri(SMALL_IMAGES["png"], "image/png")}"/>'
LINE = '<path d="M0 0L10 5" stroke="red" {}/>'
BLUR = '<feGaussianBlur stdDeviation="1"/>'

HEAVY = {
    "turbulence of many octaves": filtered('<feTurbulence baseFrequency=".1" numOctaves="100"/>'),
    "a dilation of many pixels": filtered('<feMorphology operator="dilate" radius="1"/>'),
    "a dilation by the object's size": filtered(
        '<feMorphology radius=".1"/>', 'primitiveUnits="objectBoundingBox"'
    ),
    "a large matrix": filtered('<feConvolveMatrix order="40" kernelMatrix="1"/>'),
    "a wide matrix": filtered('<feConvolveMatrix order="2 900" kernelMatrix="1"/>'),
    "many blurs": filtered(BLUR * 1000),
    "many tiles": filtered("<feTile/>" * 60),
    "many merges": filtered(f"<feMerge>{'<feMergeNode/>' * 200}</feMerge>"),
    "many filtered shapes": svg(f'<filter id="f">{BLUR}</filter>' + f'<g filter="url(#f)">{SHAPE}</g>' * 50),
    "filters in groups in groups": svg(
        f'<filter id="f">{BLUR}</filter>' + '<g filter="url(#f)">' * 60 + SHAPE + "</g>" * 60
    ),
    "a filter by class": svg(
        "<style>svg > .a:not(.b), i { filter: url(#f) }</style>"
        f'<filter id="f">{BLUR}</filter>' + '<rect class="a" width="9" height="9"/>' * 50
    ),
    "a filter for all": svg(f'<style>*{{filter:url(#f)}}</style><filter id="f">{BLUR}</filter>{SHAPE * 50}'),
    "filters in words": svg(f'<g style="filter:{"blur(1px) " * 60}">{SHAPE}</g>'),
    "layers": svg(LAYER * 150),
    "layers by style": svg('<rect width="9" height="9" style="fill:red;opacity:.5"/>' * 150),
    "layers by blending": svg('<g style="mix-blend-mode:hue"><rect width="9" height="9"/></g>' * 150),
    "layers, used again and again": svg(f'<defs><g id="a">{LAYER * 12}</g></defs>' + '<use href="#a"/>' * 12),
    "a use of uses": svg(f'<defs><g id="u0">{SHAPE}</g>{USES}</defs><use href="#u11"/>'),
    "a use of uses, the other way round": svg(f'<use href="#u11"/><defs>{USES}<g id="u0">{SHAPE}</g></defs>'),
    "a mask of masks": svg(nested("mask", "mask", 8)),
    "a clip path of clip paths": svg(nested("clipPath", "clip-path", 9)),
    "a pattern of patterns": svg(nested("pattern", "fill", 9)),
    "a pattern for many": svg(
        f'<pattern id="p" width="1" height="1">{LAYER * 9}</pattern><g fill="url(#p)">'
        + '<rect width="9" height="9"/>' * 20
        + "</g>"
    ),
    "an image of elements in a filter": filtered(
        '<feImage href="#a"/>' * 20, shape=f'<g id="a">{LAYER * 9}</g>'
    ),
    "markers on every corner": svg(
        f'<marker id="m">{SHAPE * 50}</marker>'
        f'<path marker-mid="url(#m)" stroke="red" d="M0 0{"L1 1L2 3" * 999}"/>'
    ),
    "markers of a group": svg(
        f'<marker id="m">{LAYER}</marker>'
        f'<g style="marker:url(#m)"><polyline points="{"0 0 1 1 " * 200}"/></g>'
    ),
    "small dashes": svg(LINE.format('stroke-dasharray=".00001"')),
    "small dashes by style": svg(LINE.format('style="stroke-dasharray:.00001"')),
    "small dashes in percent": svg(LINE.format('stroke-dasharray=".0001%"')),
    "small dashes by class": svg("<style>path{stroke-dasharray:1e-5}</style>" + LINE.format("")),
    "small dashes of a group": svg(f'<g stroke-dasharray=".00001">{LINE.format("")}</g>'),
    "dashes on a long way": svg(LINE.replace("10 5", "1e7 5").format('stroke-dasharray="1"')),
    "images, used again and again": svg(IMAGE + '<use href="#i"/>' * 40),
    "gradients of gradients": svg(
        "".join(f'<linearGradient id="l{n}" href="#l{n + 1}"/>' for n in range(5000))
        + '<rect width="9" height="9" fill="url(#l0)"/>'
    ),
    "gradients of too many colours": svg(
        f'<linearGradient id="l">{"<stop/>" * 20_000}</linearGradient><g fill="url(#l)">{SHAPE}</g>'
    ),
    "too many rules": svg(f"<style>{'rect{fill:red}' * 3000}</style>{SHAPE * 1000}"),
    "a style without end": svg(f'<rect width="9" height="9" style="{"fill:red;" * 20_001}"/>'),
    "too many shapes": svg(SHAPE * 20_000),
}

LIGHT = {
    "a shadow": filtered(SHADOW),
    "a shadow by region": filtered(SHADOW, 'filterUnits="userSpaceOnUse" x="0" y="0" width="10" height="12"'),
    "a drop shadow": filtered('<feDropShadow dx="1" dy="1" stdDeviation="2"/>'),
    "a shadow of a wide region": filtered(
        '<feDropShadow dx="1" dy="1" stdDeviation="2"/>', 'x="-50%" y="-50%" width="200%" height="200%"'
    ),
    "some noise": filtered('<feTurbulence baseFrequency=".8" numOctaves="4"/>'),
    "a narrow dilation": filtered('<feMorphology operator="dilate" radius=".1"/>'),
    "sharpened": filtered('<feConvolveMatrix order="3" kernelMatrix="0 -1 0 -1 5 -1 0 -1 0"/>'),
    "blurs of twelve shapes": svg(
        f'<filter id="f">{BLUR}</filter>' + '<rect width="9" height="9" filter="url(#f)"/>' * 12
    ),
    "twenty masks with gradients": svg(
        '<linearGradient id="g"><stop stop-color="#fff"/><stop offset="1" stop-color="red"/></linearGradient>'
        + "".join(
            f'<mask id="m{n}"><rect width="10" height="{n}" fill="#fff"/></mask>'
            f'<g mask="url(#m{n})"><rect width="10" height="10" fill="url(#g)"/></g>'
            for n in range(1, 21)
        )
    ),
    "a gradient that is moved and enlarged": svg(
        '<linearGradient id="l" x1="-9000" gradientTransform="matrix(0 -398 398 0 2e3 9e3)"><stop/>'
        "</linearGradient>"
        '<mask id="m"><rect x="-20" y="-20" width="50" height="50" fill="#fff"/></mask>'
        + '<g mask="url(#m)"><path d="M-300-300h900v900z" fill="url(#l)"/></g>'
        * 9
    ),
    "a clip path for the whole": svg(
        f'<defs><clipPath id="c"><path d="M0 0h9v9H0z"/></clipPath></defs>'
        f'<g clip-path="url(#c)">{SHAPE * 300}</g>'
    ),
    "half opaque shapes": svg('<path d="M0 0h9v9H0z" opacity=".4"/>' * 60),
    "opaque by other names": svg(
        "<style>.a{fill-opacity:.5;stroke-opacity:.5;opacity:1;mix-blend-mode:normal}</style>"
        + '<path class="a" opacity="1" d="M0 0h9v9H0z"/>' * 500
    ),
    "an effect for another class": svg(
        f'<style>.a{{filter:url(#f)}} .b{{fill:red}}</style><filter id="f">{BLUR}</filter>'
        '<rect class="a" width="9" height="9"/>' + '<rect class="b" width="9" height="9"/>' * 300
    ),
    "a traced picture of many shapes": svg('<path d="M1 1l1 2 3-1z"/>' * 9000),
    "moved by its editor": svg(
        '<g transform="translate(-254 -512)"><g opacity=".5">'
        '<rect x="254" y="512" width="9" height="9"/></g></g>'
        f'<filter id="f">{BLUR}</filter>'
    ),
    "scaled by its tracer": svg(
        '<g transform="translate(0,512) scale(0.1,-0.1)"><path d="M1000 5000l99-99 700 0z"/></g>',
        attributes='viewBox="0 0 512 512"',
    ),
    "a dashed circle": svg('<circle cx="5" cy="5" r="4" stroke="red" fill="none" stroke-dasharray=".2 .1"/>'),
    "arrows": svg(
        '<marker id="m" viewBox="0 0 9 9"><path d="M0 0L9 4L0 9z"/></marker>'
        + '<path d="M1 1L4 4L9 9" stroke="red" marker-end="url(#m)"/>' * 9
    ),
    "an image": svg(IMAGE),
    "symbols, used again": svg(
        '<symbol id="s"><path d="M0 0h1v1z"/></symbol>' + '<use href="#s" x="1"/>' * 500
    ),
}


@pytest.mark.parametrize("name", HEAVY)
def test_what_takes_long_is_refused_before_it_is_drawn(name: str) -> None:
    with pytest.raises(ImageRefused, match="SVG"):
        sanitise(HEAVY[name], max_pixels=10**6)


@pytest.mark.parametrize("name", LIGHT)
def test_what_logos_have_is_drawn(name: str) -> None:
    assert rasterise(sanitise(LIGHT[name], max_pixels=10**6), longest_side=64).png
