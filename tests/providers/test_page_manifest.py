"""Manifests of web applications."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logocache.providers.icons import Icon, Role
from logocache.providers.page import MAX_ICONS, read_manifest

URL = "https://cdn.test/app/manifest.json"

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def read(*icons: object) -> tuple[Icon, ...]:
    return read_manifest(json.dumps({"icons": icons}).encode(), URL)


def test_an_icon_is_relative_to_the_manifest() -> None:
    (icon,) = read({"src": "icon.png", "sizes": "96x96 192x192", "type": "image/png"})
    assert icon == Icon(
        url="https://cdn.test/app/icon.png", role=Role.MANIFEST, size=192, media_type="image/png"
    )


@pytest.mark.parametrize(
    ("purpose", "roles"),
    [
        pytest.param("any", [Role.MANIFEST], id="any"),
        pytest.param("", [Role.MANIFEST], id="empty"),
        pytest.param(None, [Role.MANIFEST], id="none"),
        pytest.param(["any"], [Role.MANIFEST], id="not a text"),
        pytest.param("Maskable ANY", [Role.MANIFEST], id="both"),
        pytest.param("maskable", [Role.MASKABLE], id="maskable"),
        pytest.param("maskable monochrome", [Role.MASKABLE], id="maskable or monochrome"),
        pytest.param("monochrome", [], id="monochrome"),
        pytest.param("future", [], id="unknown"),
    ],
)
def test_purposes(purpose: object, roles: list[Role]) -> None:
    assert [icon.role for icon in read({"src": "i.png", "purpose": purpose})] == roles


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="HTML"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"icons": {}}', id="icons that are no list"),
        pytest.param(b'{"icons": [1, null, "x", {}, {"src": 4}]}', id="icons that are none"),
        pytest.param(b'{"icons": [{"src": "ftp://a.test/i"}]}', id="another scheme"),
        pytest.param(b"\xff\xfe\xff", id="not Unicode"),
        pytest.param(b"[" * 200_000, id="nested without end"),
        pytest.param(b"9" * 10_000, id="a number without end"),
    ],
)
def test_what_names_no_icon(body: bytes) -> None:
    if body == b'{"icons": [1, null, "x", {}, {"src": 4}]}':
        # An empty `src` is the manifest itself, which is an address.
        assert {icon.url for icon in read_manifest(body, URL)} == {URL}
    else:
        assert read_manifest(body, URL) == ()


def test_only_so_many_icons_are_read() -> None:
    assert len(read(*({"src": f"{number}.png"} for number in range(1000)))) == MAX_ICONS


@settings(max_examples=40)  # they are made slowly
@given(document=JSON_VALUES)
def test_any_json_is_read_without_an_error(document: object) -> None:
    body = json.dumps({"icons": [document, {"src": document, "sizes": document, "purpose": document}]})
    for icon in read_manifest(body.encode(), URL):
        assert icon.url.startswith("https://")


@given(body=st.binary())
def test_any_bytes_are_read_without_an_error(body: bytes) -> None:
    assert isinstance(read_manifest(body, URL), tuple)
