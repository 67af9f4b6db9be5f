"""SVGs are drawn at the size that is asked for, in their own proportions."""

import pytest

from harness.image_samples import SMALL_IMAGES, data_uri, decoded, svg
from logocache.images.errors import ImageRefused
from logocache.images.svg import Drawing, intrinsic_size, rasterise
from logocache.images.svg_sanitiser import sanitise

HALF_RED = '<rect width="50%" height="100%" fill="red"/>'
RED, CLEAR = (255, 0, 0, 255), (0, 0, 0, 0)


def drawn(content: str, attributes: str = 'viewBox="0 0 10 10"') -> Drawing:
    return rasterise(sanitise(svg(content, attributes=attributes), max_pixels=10**6), longest_side=512)


@pytest.mark.parametrize(
    ("attributes", "size", "intrinsic"),
    [
        pytest.param('viewBox="0 0 10 10"', (512, 512), (10, 10), id="view box"),
        pytest.param('viewBox="0 0 100 50"', (512, 256), (100, 50), id="wide view box"),
        pytest.param('viewBox="0,0,50,100"', (256, 512), (50, 100), id="tall view box with commas"),
        pytest.param('width="48" height="24"', (512, 256), (48, 24), id="size without view box"),
        pytest.param('width="1in" height="72pt" viewBox="0 0 10 10"', (512, 512), (96, 96), id="units"),
        pytest.param('width="48" viewBox="0 0 10 5"', (512, 256), (48, 24), id="width alone"),
        pytest.param('height="48" viewBox="0 0 10 5"', (512, 256), (96, 48), id="height alone"),
        pytest.param(
            'width="100%" height="100%" viewBox="0 0 30 60"', (256, 512), (30, 60), id="percentages"
        ),
        pytest.param('width="1e9" height="1e9"', (512, 512), (1_000_000, 1_000_000), id="enormous"),
        pytest.param('width="4000" height="2000" viewBox="0 0 1 1"', (512, 256), (4000, 2000), id="large"),
        pytest.param('viewBox="0 0 .1 .1"', (512, 512), (1, 1), id="tiny"),
    ],
)
def test_the_longest_side_is_512_px(
    attributes: str, size: tuple[int, int], intrinsic: tuple[int, int]
) -> None:
    drawing = drawn(HALF_RED, attributes)
    assert decoded(drawing.png).size == size
    assert (drawing.width, drawing.height) == intrinsic


def test_without_any_size_the_drawing_itself_says_it() -> None:
    drawing = drawn('<rect width="40" height="20" fill="red"/>', "")
    assert decoded(drawing.png).size == (512, 256)
    assert (drawing.width, drawing.height) == (512, 512)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({}, None),
        ({"width": "10"}, None),
        ({"viewBox": "0 0 0 10"}, None),
        ({"viewBox": "0 0 nan inf"}, None),
        ({"viewBox": "a b c d"}, None),
        ({"viewBox": "1 2 3"}, None),
        ({"width": "-3", "height": "3", "viewBox": "0 0 6 6"}, (3, 3)),
        ({"width": "3q", "height": "3vw", "viewBox": "0 0 6 6"}, (6, 6)),
        ({"width": "1e999", "height": "9", "viewBox": "0 0 6 6"}, (1_000_000, 9)),
        ({"width": " 2.6px ", "height": "+.4e1"}, (3, 4)),
    ],
)
def test_a_root_says_its_size_in_several_ways(
    attributes: dict[str, str], size: tuple[int, int] | None
) -> None:
    assert intrinsic_size(attributes) == size


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('<rect width="10" height="10" fill="red"/>', id="attribute"),
        pytest.param('<rect width="10" height="10" style="fill:red"/>', id="style"),
        pytest.param('<style>.a{fill:red}</style><rect class="a" width="10" height="10"/>', id="style sheet"),
        pytest.param(
            '<defs><linearGradient id="g"><stop stop-color="red"/></linearGradient></defs>'
            '<rect width="10" height="10" fill="url(#g)"/>',
            id="gradient",
        ),
        pytest.param(
            '<defs><path id="p" d="M0 0h10v10H0z" fill="red"/></defs><use xlink:href="#p"/>',
            id="use by xlink",
        ),
        pytest.param('<a href="https://x"><rect width="10" height="10" fill="red"/></a>', id="in a link"),
        pytest.param(
            '<switch><foreignObject requiredExtensions="x"/>'
            '<rect width="10" height="10" fill="red"/></switch>',
            id="in a switch",
        ),
        pytest.param(
            f'<image width="20" height="20" href="{data_uri(SMALL_IMAGES["png"], "image/png")}"/>',
            id="raster",
        ),
        pytest.param(
            '<g color="red"><rect width="10" height="10" fill="currentColor"/></g>', id="current colour"
        ),
    ],
)
def test_what_logos_are_made_of_is_drawn(content: str) -> None:
    assert decoded(drawn(content).png).getpixel((256, 256)) == RED


def test_the_current_colour_is_black() -> None:
    drawing = drawn('<rect width="10" height="10" fill="currentColor"/>')
    assert decoded(drawing.png).getpixel((256, 256)) == (0, 0, 0, 255)


def test_documents_without_a_namespace_are_drawn() -> None:
    drawing = rasterise(
        sanitise(b'<svg viewBox="0 0 10 10"><rect width="10" height="10" fill="red"/></svg>', max_pixels=1),
        longest_side=64,
    )
    picture = decoded(drawing.png)
    assert (picture.size, picture.getpixel((32, 32))) == ((64, 64), RED)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(svg("", attributes='width="0" height="0"'), id="no size"),
        pytest.param(b"<svg xmlns='urn:other'/>", id="another namespace"),
    ],
)
def test_what_resvg_cannot_draw_is_refused(document: bytes) -> None:
    with pytest.raises(ImageRefused, match="cannot be drawn"):
        rasterise(sanitise(document, max_pixels=1), longest_side=512)


@pytest.mark.parametrize(
    "size",
    ['height="1em"', 'width="89.333" height="16"', 'width="11" height="1.97"', ""],
    ids=["one side", "fractions", "small", "no size"],
)
def test_a_size_that_is_no_whole_number_cuts_nothing_off(size: str) -> None:
    bars = '<path d="M0 0h2v24h-2zM132 0h2v24h-2z" fill="#0a5"/>'
    document = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 134 24">{bars}</svg>'
    safe = sanitise(document.encode(), max_pixels=1_000_000)
    image = decoded(rasterise(safe, longest_side=512).png)
    assert image.size == (512, 92)
    row = image.getchannel("A").crop((0, 40, 512, 41)).tobytes()
    left, right = row[:256].count(255), row[256:].count(255)
    assert (left, right) == (7, 7), "both bars are 7.6 pixels wide"
