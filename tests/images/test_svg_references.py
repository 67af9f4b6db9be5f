"""Only fragments and verified rasters survive."""

import pytest

from harness.image_samples import SMALL_IMAGES, data_uri, encoded, svg, two_colours
from logocache.images.errors import ImageRefused
from logocache.images.svg_sanitiser import clean_value, embedded_raster, fragment


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        ("#a", "#a"),
        (" #gradient-1.x ", "#gradient-1.x"),
        ("#", None),
        ("", None),
        ("/etc/passwd", None),
        ("a.svg#b", None),
        ("file:///etc/passwd#b", None),
        ("#a b", None),
        ("#a)", None),
        ("#a\\66", None),
    ],
)
def test_a_reference_is_kept_only_as_a_fragment(reference: str, kept: str | None) -> None:
    assert fragment(reference) == kept


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        pytest.param("M0 0h5v10z", "M0 0h5v10z", id="nothing to do"),
        pytest.param("fill: url(#a)", "fill: url(#a)", id="fragment"),
        pytest.param("fill: URL( '#a' )", "fill: url(#a)", id="quoted fragment"),
        pytest.param('url("#a") url(b.png)', "url(#a) none", id="fragment and file"),
        pytest.param("url(/etc/x.png)", "none", id="file"),
        pytest.param("url ( //host/x )", "none", id="blanks around"),
        pytest.param("url()", "none", id="empty"),
        pytest.param("url(data:image/png;base64,AAAA)", "none", id="data"),
        pytest.param("@import 'a.css'; .b{fill:red}", "  .b{fill:red}", id="import"),
        pytest.param("@IMPORT url(a.css); .b{fill:red}", "  .b{fill:red}", id="import by url"),
        pytest.param("@import 'a.css'", " ", id="import without end"),
        pytest.param("a/* url(x) */b", "a b", id="comment"),
        pytest.param("u/**/rl(/etc/x.png)", "u rl(/etc/x.png)", id="split by a comment"),
        pytest.param("/* a", None, id="comment without end"),
        pytest.param("/* a /* b */ url(x)", None, id="comment in a comment"),
        pytest.param("u\\72l(/etc/x.png)", None, id="escape"),
        pytest.param("url(/etc/x.png", None, id="url without end"),
        pytest.param("url('a(b).png')", None, id="url with parentheses"),
        pytest.param("url('url(#a)')", None, id="url in a url"),
    ],
)
def test_a_style_keeps_only_references_into_the_document(value: str, clean: str | None) -> None:
    assert clean_value(value) == clean


@pytest.mark.parametrize("unit", ["url(", "/*", "/**/", "@import ", "url(\t", "url( '", " "])
def test_long_values_take_linear_time(unit: str) -> None:
    # Quadratic time over this 1 MB would be minutes.
    value = clean_value(unit * (1_000_000 // len(unit)))
    assert value is None or "url" not in value


@pytest.mark.parametrize("name", ["png", "jpeg", "gif", "webp"])
def test_an_embedded_raster_is_written_anew_under_its_real_type(name: str) -> None:
    uri = data_uri(SMALL_IMAGES[name], "image/x-anything")
    kept = embedded_raster(f"\n{uri[:40]}\n {uri[40:]}".replace("data", "DATA"), max_pixels=2000)
    assert kept == (data_uri(SMALL_IMAGES[name], f"image/{name}"), 32 * 32)


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param(data_uri(svg(""), "image/svg+xml"), id="nested SVG"),
        pytest.param(data_uri(svg(""), "image/png"), id="nested SVG that says PNG"),
        pytest.param(data_uri(SMALL_IMAGES["bmp"], "image/png"), id="a raster that is not embeddable"),
        pytest.param(data_uri(SMALL_IMAGES["png"], "text/plain"), id="no image type"),
        pytest.param("data:image/png,%89PNG%0D%0A%1A%0A", id="percent-encoded"),
        pytest.param("data:image/png;base64,!!!!", id="not base64"),
        pytest.param("data:image/png;base64,AAAAA", id="base64 of impossible length"),
        pytest.param("data:image/png;base64,", id="nothing"),
        pytest.param("/etc/logo.png", id="file"),
        pytest.param("https://example.com/logo.png", id="remote"),
    ],
)
def test_other_references_of_images_are_dropped(reference: str) -> None:
    assert embedded_raster(reference, max_pixels=10**6) is None


def test_missing_padding_is_forgiven() -> None:
    uri = data_uri(SMALL_IMAGES["gif"], "image/gif").rstrip("=")
    assert embedded_raster(uri, max_pixels=10**6) is not None


def test_a_large_or_broken_embedded_raster_refuses_the_document() -> None:
    uri = data_uri(encoded(two_colours((100, 100)), "PNG"), "image/png")
    with pytest.raises(ImageRefused, match="too many pixels"):
        embedded_raster(uri, max_pixels=9_999)
    with pytest.raises(ImageRefused, match="a broken PNG"):
        embedded_raster(data_uri(SMALL_IMAGES["png"][:20], "image/png"), max_pixels=10**6)
