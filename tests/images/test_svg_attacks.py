"""SVGs that would read local files, or take all time and memory."""

from pathlib import Path

import pytest
import resvg_py
from PIL import Image

from harness.image_samples import SVG_ROOT, colours, data_uri, decode, encoded, svg
from logocache.images.errors import ImageRefused
from logocache.images.normalise import normalise
from logocache.images.pool import DecoderPool
from logocache.images.svg_sanitiser import sanitise
from logocache.ports import DecodingFailure, ImageRejection, NormalisedImage

pytestmark = pytest.mark.end_to_end

SECRET_COLOUR = (0, 255, 0)
FRAME = '<rect width="1" height="1" fill="red"/>'
"""In a corner, so that the drawing is not blank."""
BOX = 'x="2" y="2" width="6" height="6"'


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A local image that no document may show."""
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(Image.new("RGB", (64, 64), SECRET_COLOUR), "PNG"))
    return path


def shows_secret(png: bytes) -> bool:
    return any(colour[:3] == SECRET_COLOUR and colour[3] > 0 for colour in colours(png))


def nested(document: bytes, media_type: str) -> bytes:
    return svg(f'{FRAME}<image {BOX} href="{data_uri(document, media_type)}"/>')


def documents(path: Path) -> dict[str, bytes]:
    image = f'<image {BOX} href="{path}"/>'
    return {
        "image": svg(FRAME + image),
        "xlink": svg(FRAME + image.replace("href", "xlink:href")),
        "file URL": svg(FRAME + image.replace(str(path), f"file://{path}")),
        "image in a pattern": svg(
            f'{FRAME}<pattern id="p" width="1" height="1">{image}</pattern><rect {BOX} fill="url(#p)"/>'
        ),
        "image in a symbol": svg(f'{FRAME}<symbol id="s">{image}</symbol><use href="#s"/>'),
        "feImage": svg(
            f'{FRAME}<filter id="f" x="0" y="0" width="1" height="1"><feImage href="{path}"/></filter>'
            f'<rect {BOX} filter="url(#f)"/>'
        ),
        "nested SVG": nested(svg(image), "image/svg+xml"),
        "nested SVG under a false type": nested(svg(image), "image/png"),
        "nested SVG as text": nested(svg(image), "text/plain"),
        "entity": f'<!DOCTYPE svg [<!ENTITY p "{path}">]><svg {SVG_ROOT} viewBox="0 0 10 10">{FRAME}'
        f'<image {BOX} href="&p;"/></svg>'.encode(),
        "use of a file": svg(f'{FRAME}<use href="{path}"/>'),
        "background by CSS": svg(f'{FRAME}<rect {BOX} style="fill:url({path})"/>'),
        "style sheet": svg(
            f'<style>@import url("{path}"); image{{href:url({path})}}</style>{FRAME}<image {BOX}/>'
        ),
        "xml:base": svg(f'{FRAME}<g xml:base="{path.parent}/"><image {BOX} href="{path.name}"/></g>'),
    }


OPENED_BY_RESVG = [
    "image",
    "xlink",
    "image in a pattern",
    "image in a symbol",
    "feImage",
    "entity",
]


@pytest.mark.parametrize("name", OPENED_BY_RESVG)
def test_resvg_alone_would_show_a_local_file(name: str, secret: Path) -> None:
    """Without this the next test could not fail."""
    document = documents(secret)[name].decode()
    png = bytes(resvg_py.svg_to_bytes(svg_string=document, width=512, height=512, skip_system_fonts=True))
    assert shows_secret(png)


@pytest.mark.parametrize("name", documents(Path("/")))
def test_no_document_shows_a_local_file(name: str, secret: Path) -> None:
    result = normalise(documents(secret)[name], max_pixels=10**6)
    assert isinstance(result, NormalisedImage)
    assert not shows_secret(result.png)


def filtered(primitive: str, attributes: str = "") -> bytes:
    return svg(f'<filter id="f" {attributes}>{primitive}</filter><g filter="url(#f)">{FRAME}</g>')


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
USES = "".join(f'<g id="g{n}">{f"""<use href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, 12))
STROKE = 'stroke="red" stroke-width="2"'
REFUSED = {
    "billion laughs": f'<!DOCTYPE svg [<!ENTITY l0 "ha">{LAUGHS}]><svg {SVG_ROOT}>&l9;</svg>'.encode(),
    "quadratic blow-up": f'<!DOCTYPE svg [<!ENTITY a "{"a" * 99_999}">]><svg>{"&a;" * 9999}</svg>'.encode(),
    "100,000 groups deep": svg("<g>" * 100_000 + "</g>" * 100_000),
    "a use of uses of uses": svg(f'<defs><g id="g0">{FRAME}</g>{USES}</defs><use href="#g11"/>'),
    "turbulence of 2e9 octaves": filtered('<feTurbulence baseFrequency="0.05" numOctaves="2000000000"/>'),
    "a wide dilation": filtered('<feMorphology operator="dilate" radius="3"/>'),
}
"""Before anything draws them: whatever the machine's load, none of them takes any time."""
HARMLESS = {
    "a use of itself": svg(f'<g id="a"><use href="#a"/>{FRAME}</g>'),
    "a pattern of itself": svg(
        f'<pattern id="p" width="1" height="1"><rect {BOX} fill="url(#p)"/></pattern>'
        f'<rect {BOX} fill="url(#p)"/>'
    ),
    "a pattern of tiny tiles": svg(
        f'<pattern id="p" width="1e-9" height="1e-9" patternUnits="userSpaceOnUse">{FRAME}</pattern>'
        f'<rect {BOX} fill="url(#p)"/>'
    ),
    "a pattern of one huge tile": svg(
        f'<pattern id="p" width="1e6" height="1e6" patternUnits="userSpaceOnUse">{FRAME}</pattern>'
        f'<rect {BOX} fill="url(#p)"/>'
    ),
    "a mask of itself": svg(f'<mask id="m"><rect mask="url(#m)" {BOX}/></mask><g mask="url(#m)">{FRAME}</g>'),
    "a marker of itself": svg(
        '<marker id="m"><path d="M0 0L1 1L2 2" marker-mid="url(#m)"/></marker>'
        f'<path d="M0 0L1 1L2 2" {STROKE} marker-mid="url(#m)"/>'
    ),
    "a blur of 1e9": filtered('<feGaussianBlur stdDeviation="1e9"/>'),
    "a size of 1e9": svg('<rect width="1e9" height="5e8"/>', attributes='width="1e9" height="1e9"'),
    "49,000 groups": svg(FRAME + "<g></g>" * 49_000),
    "a long path": svg(f'<path d="M0 0{" L5 5 L1 9" * 30_000}"/>'),
    "a long selector": svg(f"<style>{'a ' * 100_000}{{fill:red}}</style>{FRAME}"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_take_all_time_is_refused_before_it_is_drawn(name: str) -> None:
    with pytest.raises(ImageRefused):
        sanitise(REFUSED[name], max_pixels=10**6)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("billion laughs", r"entities"),
        ("quadratic blow-up", r"entities"),
        ("100,000 groups deep", r"deep"),
        ("turbulence of 2e9 octaves", r"takes too long to draw"),
    ],
)
def test_they_are_refused_for_what_they_are(name: str, reason: str) -> None:
    with pytest.raises(ImageRefused, match=reason):
        sanitise(REFUSED[name], max_pixels=10**6)


@pytest.mark.parametrize("name", HARMLESS)
def test_odd_documents_come_to_an_end_and_the_process_lives(name: str, pool: DecoderPool) -> None:
    """Some make resvg panic or abort: that ends a decoder, and nothing else."""
    sanitise(HARMLESS[name], max_pixels=10**6)
    assert isinstance(decode(pool, HARMLESS[name]), NormalisedImage | ImageRejection | DecodingFailure)
    assert isinstance(decode(pool, svg(FRAME)), NormalisedImage)
