"""Style sheets are resolved as a browser resolves them on a light page."""

import io

import pytest
from PIL import Image

from harness.image_samples import svg
from logocache.images.errors import ImageRefused
from logocache.images.svg import rasterise
from logocache.images.svg_sanitiser import sanitise

GREEN, RED, YELLOW, NOTHING = (0, 170, 85, 255), (255, 0, 0, 255), (255, 204, 0, 255), (0, 0, 0, 0)
RECT = '<rect class="b" id="i" width="10" height="10"/>'
GRADIENT = '<rect width="10" height="10" fill="url(#g)"/>'


def colour(document: bytes, at: tuple[int, int] = (50, 50)) -> tuple[int, ...]:
    """The colour of a pixel of the drawing, which is 100 px wide."""
    drawing = rasterise(sanitise(document, max_pixels=1), longest_side=100)
    with Image.open(io.BytesIO(drawing.png)) as picture:
        pixel = picture.convert("RGBA").getpixel(at)
    assert isinstance(pixel, tuple)
    return tuple(round(channel) for channel in pixel)


@pytest.mark.parametrize(
    "inner",
    [
        "<style>rect{fill:#0a5}</style>" + RECT,
        "<style>rect{fill:red}.b{fill:#0a5}</style>" + RECT,
        "<style>.b{fill:#0a5}rect{fill:red}</style>" + RECT,
        "<style>.b{fill:#0a5!important}#i{fill:red}</style>" + RECT,
        "<style>.b{fill:red}</style><style>.b{fill:#0a5}</style>" + RECT,
        "<style>.b{fill:red}</style>" + RECT.replace("/>", ' style="fill:#0a5"/>'),
        "<style>.b{fill:#0a5}</style>" + RECT.replace("/>", ' fill="red"/>'),
        "<style>.b{fill:#0a5;fill:nonsense(1)}</style>" + RECT,
        "<style>.b{fill:red;fill:#0a5;fill:color-magic(x)}</style>" + RECT,
        r"<style>.\31 a{fill:red}.b{fill:#0a5}</style>" + RECT,
        r"<style>.\62{fill:#0a5}</style>" + RECT,
        "<style>]] .x{ ; } .b{fill:#0a5}</style>" + RECT,
        "<style>:::x{fill:red}.b{fill:#0a5}</style>" + RECT,
        "<style>.b:hover{fill:red}rect{fill:#0a5}</style>" + RECT,
        "<style>rect:not(.c){fill:#0a5}</style>" + RECT,
        "<style>svg > rect:first-child, rect:nth-of-type(1){fill:#0a5}</style>" + RECT,
        "<style>g{&amp; rect{fill:#0a5}}</style><g>" + RECT + "</g>",
        "<style>g{rect{fill:#0a5}fill:red}</style><g>" + RECT + "</g>",
        "<style>g{circle, rect{fill:#0a5}}</style>" + RECT.replace("/>", ' fill="#0a5"/>'),
        "<style>g{circle, rect{fill:red}}</style>" + RECT.replace("/>", ' fill="#0a5"/>'),
        "<style>g{> circle, > rect{fill:#0a5}}</style><g>" + RECT + "</g>",
        "<style>svg{.b{fill:red;@media screen{fill:#0a5}}}</style>" + RECT,
        "<style>:root{--c:#0a5}rect{fill:var(--c)}</style>" + RECT,
        "<style>:root{--c:#0a5}</style>" + RECT.replace("/>", ' fill="var(--c)"/>'),
        '<g style="--a:var(--b);--b:#0a5"><rect width="10" height="10" fill="var(--a)"/></g>',
        '<rect width="10" height="10" fill="var(--none, #0a5)"/>',
        '<rect width="10" height="10" style="--r:0;fill:rgb(var(--r) 170 85)"/>',
        '<g fill="#0a5"><rect width="10" height="10" style="--c:var(--c);fill:var(--c)"/></g>',
        '<g fill="#0a5"><rect width="10" height="10" fill="red" style="fill:unset"/></g>',
        '<g fill="#0a5"><rect width="10" height="10" style="fill:inherit"/></g>',
        "<style>@media (prefers-color-scheme:dark){.b{fill:red}}rect{fill:#0a5}</style>" + RECT,
        "<style>@media (prefers-color-scheme:light){.b{fill:#0a5}}rect{fill:red}</style>" + RECT,
        '<style>rect{fill:#0a5}</style><style media="(prefers-color-scheme: dark)">.b{fill:red}</style>'
        + RECT,
        '<style>rect{fill:#0a5}</style><style media="print">.b{fill:red}</style>' + RECT,
        '<style>rect{fill:#0a5}</style><style type="text/less">.b{fill:red}</style>' + RECT,
        "<style>rect{fill:red}@supports (fill:lab(0 0 0)){.b{fill:#0a5}}</style>" + RECT,
        "<style>rect{fill:#0a5}@supports not (fill:lab(0 0 0)){.b{fill:red}}</style>" + RECT,
        "<style>@font-face{font-family:x}@keyframes k{to{fill:red}}@layer a{rect{fill:#0a5}}</style>" + RECT,
        "<style>@import url(https://x.example/a.css);rect{fill:#0a5}</style>" + RECT,
        '<g color="#0a5"><rect width="10" height="10" fill="CURRENTCOLOR"/></g>',
        '<g style="color:rgb(0 170 85)"><rect width="10" height="10" fill="currentcolor"/></g>',
        '<rect style="fill:#0a5;width:10px;height:10px"/>',
        '<path style="fill:#0a5;d:path(&quot;M0 0h10v10H0z&quot;)"/>',
        '<rect width="10" height="10" fill="#0a5" style="fill-opacity:oops"/>',
        '<rect width="1" height="1" fill="#0a5" style="transform:scale(10)"/>',
        '<rect width="10" height="10" fill="#0a5" style="transform:rotate(90deg);transform-origin:center"/>',
        '<rect width="10" height="10" fill="#0a5" style="transform:translateX(10px) translate(-10px)"/>',
        '<rect width="10" height="10" fill="#0a5"/><rect width="10" height="10" style="display:none"/>',
        '<rect width="10" height="10" fill="#0a5"/><rect width="10" height="10" style="opacity:0%"/>',
        '<linearGradient id="g"><stop style="stop-color:hsl(150 100% 33.3%)"/></linearGradient>' + GRADIENT,
    ],
)
def test_the_square_is_green(inner: str) -> None:
    red, green, blue, alpha = colour(svg(inner))
    assert abs(red) <= 3
    assert abs(green - 170) <= 3
    assert abs(blue - 85) <= 3
    assert alpha == 255


@pytest.mark.parametrize("style", ["background:#0a5", "background:#0a5 none", "background-color:#0a5"])
def test_a_background_is_drawn(style: str) -> None:
    assert colour(svg("", attributes=f'viewBox="0 0 10 10" style="{style}"')) == GREEN


def test_the_root_is_styled() -> None:
    document = svg("<style>:root{fill:#0a5}</style>" + RECT, attributes='viewBox="0 0 10 10" fill="none"')
    assert colour(document) == GREEN


def test_what_is_wrong_by_itself_is_ignored() -> None:
    assert colour(svg('<rect width="10" height="10" fill="device-cmyk(1 0 0 0)"/>')) == (0, 0, 0, 255)


def test_styles_are_bounded() -> None:
    rules = "".join(f".a{number}{{fill:red}}" for number in range(2000))
    with pytest.raises(ImageRefused, match="too many rules"):
        sanitise(svg(f"<style>{rules}</style>" + "<g/>" * 600), max_pixels=1)
    with pytest.raises(ImageRefused, match="declarations"):
        sanitise(svg(f"<style>g{{{'fill:red;' * 20_001}}}</style>"), max_pixels=1)


def test_variables_do_not_grow_without_bound() -> None:
    doubling = "".join(f"--a{number}:var(--a{number - 1}) var(--a{number - 1});" for number in range(1, 30))
    inner = f'<rect width="10" height="10" fill="#0a5" style="--a0:red;{doubling}stroke:var(--a29)"/>'
    assert colour(svg(inner)) == GREEN
