"""Which file of a logo a request gets: the PNG, its SVG, or its form for dark pages."""

from dataclasses import replace

import pytest

from harness.factories import make_file, make_form
from logocache.policy.forms import form_for
from logocache.queries import ImageFormat, Theme, Variant

PLAIN = make_file()
SVG = make_form(b"<svg/>")
OWN = make_form(b"white", suffix=".dark.png")
SEEN = replace(PLAIN, svg=SVG, shows_on_dark=True)
UNSEEN = replace(PLAIN, svg=SVG, shows_on_dark=False)
HAS_DARK = replace(UNSEEN, dark=OWN)

AS_SVG = Variant(format=ImageFormat.SVG)
SMALL = Variant(size=64)
DARK = Variant(size=64, theme=Theme.DARK)
DARK_JPG = replace(DARK, format=ImageFormat.JPG)
DARK_SVG = replace(DARK, format=ImageFormat.SVG)


@pytest.mark.parametrize(
    ("file", "variant", "form", "shown"),
    [
        pytest.param(SEEN, Variant(), SEEN, Variant(), id="the stored picture"),
        pytest.param(SEEN, replace(AS_SVG, size=64, greyscale=True), SVG, AS_SVG, id="as it is kept"),
        pytest.param(PLAIN, replace(SMALL, format=ImageFormat.SVG), PLAIN, SMALL, id="no SVG"),
        pytest.param(SEEN, DARK, SEEN, SMALL, id="seen on dark"),
        pytest.param(SEEN, DARK_SVG, SVG, AS_SVG, id="an SVG seen on dark"),
        pytest.param(UNSEEN, DARK_SVG, UNSEEN, DARK, id="an SVG not seen on dark"),
        pytest.param(UNSEEN, DARK, UNSEEN, DARK, id="derived"),
        pytest.param(HAS_DARK, DARK, OWN, SMALL, id="the site's own"),
        pytest.param(HAS_DARK, SMALL, HAS_DARK, SMALL, id="on a light page"),
        pytest.param(HAS_DARK, DARK_JPG, OWN, DARK_JPG, id="on a dark ground"),
        pytest.param(SEEN, DARK_JPG, SEEN, DARK_JPG, id="seen, on a dark ground"),
        pytest.param(PLAIN, DARK, PLAIN, DARK, id="of before, not known to be seen"),
    ],
)
def test_the_form_of_a_variant(file: object, variant: Variant, form: object, shown: Variant) -> None:
    assert form_for(file, variant) == (form, shown)  # type: ignore[arg-type]  # a table of two types


@pytest.mark.parametrize(
    ("file", "variant"),
    [pytest.param(PLAIN, AS_SVG, id="no SVG"), pytest.param(HAS_DARK, DARK_SVG, id="none to be seen")],
)
def test_a_logo_without_the_svg_that_alone_is_wanted(file: object, variant: Variant) -> None:
    assert form_for(file, variant, or_picture=False) is None  # type: ignore[arg-type]  # as above
