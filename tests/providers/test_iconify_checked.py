"""Icon sets from outside: checked before they are kept, and loaded once."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.errors import ProviderError
from logocache.providers.iconify import KeptSets, check, load

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
INFO = b'{"name": "Own", "author": {"name": "Me"}, "license": {"title": "MIT", "spdx": "MIT"}}'
SET = {"prefix": "own", "icons": {"x": {"body": "<path/>"}}, "aliases": {"y": {"parent": "x"}}}
ICONS = json.dumps(SET).encode()


def test_a_checked_set_has_its_licence_and_author_with_it(tmp_path: Path) -> None:
    found = check(ICONS, INFO, b'{"name": "@iconify-json/own", "version": "2.0.1"}', source="here")
    assert (found.name, found.icons, found.version) == ("own", 2, "2.0.1")
    assert (found.title, found.author, found.licence) == ("Own", "Me", "MIT")
    (tmp_path / "kept.json").write_bytes(found.content)
    kept = load(tmp_path / "kept.json")
    assert (kept.licence, kept.attribution) == ("MIT", "Own by Me")
    assert "<path/>" in (kept.svg("y") or "")


@pytest.mark.parametrize(
    "about", [b"", b"<html>", b"[1]", b"[" * 100_000], ids=["none", "HTML", "a list", "deep"]
)
def test_a_set_needs_no_other_files(about: bytes) -> None:
    found = check(ICONS, about, about, source="here")
    assert (found.content, found.licence, found.version) == (ICONS, None, None)


def test_the_version_of_another_package_is_not_the_sets() -> None:
    assert check(ICONS, b"", b'{"name": "my-shop", "version": "9.9.9"}', source="here").version is None


@given(JSON_VALUES, JSON_VALUES, JSON_VALUES)
def test_any_json_is_a_set_or_refused(icons: object, info: object, package: object) -> None:
    document = json.dumps({"prefix": "own", "icons": icons, "aliases": icons, "info": info}).encode()
    is_set = isinstance(icons, dict) and bool(icons)
    with nullcontext() if is_set else pytest.raises(ProviderError, match="here is not an Iconify set: "):
        check(document, json.dumps(info).encode(), json.dumps(package).encode(), source="here")


def test_kept_sets_are_loaded_once_and_again_under_another_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, broken = (tmp_path / name for name in ("1.json", "2.json", "3.json"))
    for path in (first, second):
        path.write_bytes(ICONS)
    broken.write_text("{")
    paths = [first, broken]
    kept = KeptSets(lambda: paths)
    (once,) = kept()
    assert kept()[0] is once
    assert [record.getMessage() for record in caplog.records] == ["icon_set.unreadable"]
    paths[:] = [second]
    assert kept()[0] is not once
