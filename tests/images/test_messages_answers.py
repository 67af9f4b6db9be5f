"""Answers of decoders are read as if an attacker had written them."""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.image_samples import SIGNATURE, encoded, two_colours
from logocache.images import messages, raster
from logocache.images.errors import LARGEST_SVG
from logocache.images.messages import Fields, Message, ProtocolError, Value
from logocache.model import ImageInfo
from logocache.ports import DecodingFailure, FileCheck, ImageRejection, NormalisedImage

IMAGE = raster.encode(two_colours((40, 20)), source=ImageInfo(format="ico", width=400, height=200))
FORMS = replace(IMAGE, svg=b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', dark=IMAGE.png)
LARGE_FORM = IMAGE.png + b'<svg xmlns="http://www.w3.org/2000/svg">'.ljust(LARGEST_SVG + 1)
PATHS = [Path("/a.png"), Path("/b.png")]


SOURCE: Value = ["png", 1, 1, True, True]
NAMES = ["failure", "reason", "is_blank", "source", "forms", "checks"]


def plausible(**fields: Value) -> Fields:
    """The fields of a good answer, apart from these."""
    return {"source": SOURCE, "look": "", "flaw": None, "forms": [0, 0], **fields}


def without(name: str) -> Fields:
    return {field: value for field, value in plausible().items() if field != name}


def test_a_good_answer_is_accepted() -> None:
    image = messages.to_image(Message(fields=plausible(), blob=IMAGE.png))
    assert isinstance(image, NormalisedImage)


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        FORMS,
        ImageRejection(reason="no"),
        ImageRejection(reason="", is_blank=True),
        DecodingFailure(reason="too much"),
    ],
)
def test_images_rejections_and_failures_arrive_as_they_were_sent(
    image: NormalisedImage | ImageRejection | DecodingFailure,
) -> None:
    assert messages.to_image(messages.of_image(image)) == image


def test_checks_arrive_as_they_were_sent() -> None:
    paths = [*PATHS, Path("/c.png")]
    checks = [
        FileCheck(path=paths[0], width=3, height=4),
        FileCheck(path=paths[1], problem="gone"),
        FileCheck(path=paths[2], obstacle="a read error"),
    ]
    assert messages.to_checks(messages.of_checks(checks), paths) == checks


def test_a_reason_is_made_one_printable_line() -> None:
    answer = Message(fields={"reason": "a\x1b[2J\nb" + "c" * 999, "is_blank": False})
    rejection = messages.to_image(answer)
    assert isinstance(rejection, ImageRejection)
    assert rejection.reason.startswith("a [2J b")
    assert len(rejection.reason) <= 160


@pytest.mark.parametrize(
    ("fields", "blob"),
    [
        pytest.param({}, IMAGE.png, id="no fields"),
        pytest.param({"failure": 3}, b"", id="a failure that is a number"),
        pytest.param({"reason": 3, "is_blank": False}, b"", id="a reason that is a number"),
        pytest.param({"reason": "a", "is_blank": 1}, b"", id="blank as a number"),
        pytest.param(plausible(source=["exe", 1, 1, True, True]), IMAGE.png, id="an unknown format"),
        pytest.param(plausible(source=["svgz", 1, 1, True, True]), IMAGE.png, id="a format of no image info"),
        *(pytest.param(without(name), IMAGE.png, id=f"no word on {name}") for name in plausible()),
        pytest.param(plausible(flaw=1), IMAGE.png, id="a flaw without words"),
        pytest.param(plausible(source=["png", 1, True, True]), IMAGE.png, id="a side missing"),
        pytest.param(plausible(source=["png", 1.5, 1, True, True]), IMAGE.png, id="a side with a fraction"),
        pytest.param(plausible(source=["png", 0, 1, True, True]), IMAGE.png, id="a side of nothing"),
        pytest.param(plausible(source=["png", 2**31, 1, True, True]), IMAGE.png, id="an enormous side"),
        pytest.param(plausible(source=["png", 1, 1, True]), IMAGE.png, id="no word on dark pages"),
        pytest.param(plausible(), b"", id="no bytes"),
        pytest.param(plausible(), b"<html>", id="not a PNG"),
        pytest.param(plausible(), SIGNATURE, id="a signature alone"),
        pytest.param(plausible(), IMAGE.png + bytes(2_000_000), id="too many bytes"),
        pytest.param(plausible(), encoded(two_colours((513, 2)), "PNG"), id="larger than we store"),
        pytest.param(plausible(), IMAGE.png[:16] + bytes(8) + IMAGE.png[24:], id="no pixels"),
        pytest.param(plausible(forms=[-1, 0]), IMAGE.png, id="an SVG of less than nothing"),
        pytest.param(plausible(forms=[0, len(IMAGE.png) + 1]), IMAGE.png, id="more of forms than there is"),
        pytest.param(plausible(forms=[6, 0]), IMAGE.png + b"<html>", id="an SVG that is none"),
        pytest.param(plausible(forms=[LARGEST_SVG + 1, 0]), LARGE_FORM, id="an SVG that is too large"),
        pytest.param(plausible(forms=[0, 6]), IMAGE.png + b"<html>", id="a dark form that is no PNG"),
    ],
)
def test_implausible_images_are_refused(fields: Fields, blob: bytes) -> None:
    with pytest.raises(ProtocolError):
        messages.to_image(Message(fields=fields, blob=blob))


@pytest.mark.parametrize(
    "checks",
    [
        pytest.param(None, id="none"),
        pytest.param([[1, 1]], id="too few"),
        pytest.param([[1, 1]] * 3, id="too many"),
        pytest.param([[1, 1], [1]], id="too short"),
        pytest.param([[1, 1], ["1", 1]], id="a text for a side"),
        pytest.param([[1, 1], [0, 0]], id="no size and no problem"),
        pytest.param([[1, 1], [1, 2**40]], id="an enormous side"),
        pytest.param([[1, 1], {"a": 1}], id="another object"),
        pytest.param([[1, 1], {"problem": 1}], id="a problem that is a number"),
        pytest.param([[1, 1], {"obstacle": None}], id="no obstacle"),
    ],
)
def test_implausible_checks_are_refused(checks: list[object] | None) -> None:
    with pytest.raises(ProtocolError):
        messages.to_checks(Message(fields={"checks": checks}), PATHS)  # type: ignore[dict-item]  # on purpose


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(NAMES), json_values),
    st.binary(),
)
def test_no_answer_makes_us_fail_in_another_way(fields: Fields, blob: bytes) -> None:
    for read in (messages.to_image, lambda answer: messages.to_checks(answer, PATHS)):
        with contextlib.suppress(ProtocolError):
            read(Message(fields=fields, blob=blob))
