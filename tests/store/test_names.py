"""File names: made from keys, and read back."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import make_file, make_form
from logocache.store.names import (
    DARK_SUFFIX,
    SUFFIX,
    SVG_SUFFIX,
    check_name,
    file_name,
    form_like,
    is_ours,
    is_picture,
    key_of,
    promises,
    suffix_of,
)

DIGEST = hashlib.sha256(b"a logo").hexdigest()
SHORT = DIGEST[:8]

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
KEYS = LABELS | st.lists(LABELS, min_size=2, max_size=8).map(".".join).filter(lambda key: len(key) <= 253)


def test_a_name_is_the_key_and_the_start_of_the_digest() -> None:
    assert file_name("shopify", DIGEST) == f"shopify_{SHORT}.png"


@given(key=KEYS)
def test_every_key_gives_a_name_that_is_ours_and_fits_any_file_system(key: str) -> None:
    name = file_name(key, DIGEST)
    assert is_ours(name)
    assert len(name.encode()) <= 255
    assert check_name(name) == name


@given(key=KEYS)
def test_a_key_is_read_back_from_its_name_unless_it_was_cut(key: str) -> None:
    assert key_of(file_name(key, DIGEST)) == (key if len(key) <= 242 else None)


def test_a_key_with_an_underscore_and_hex_digits_is_read_back_whole() -> None:
    assert key_of(file_name("a_deadbeef", DIGEST)) == "a_deadbeef"


def test_the_longest_key_that_fits_is_not_cut() -> None:
    assert key_of(file_name("a" * 242, DIGEST)) == "a" * 242


def test_long_keys_with_the_same_start_have_different_names() -> None:
    first, second = (f"{'a' * 240}.{end}" for end in ("example", "invalid"))
    assert file_name(first, DIGEST) != file_name(second, DIGEST)
    assert key_of(file_name(first, DIGEST)) is None


@pytest.mark.parametrize("suffix", [SUFFIX, SVG_SUFFIX, DARK_SUFFIX])
@given(key=KEYS)
def test_a_form_has_a_name_of_its_own_that_fits(key: str, suffix: str) -> None:
    name = file_name(key, DIGEST, suffix)
    assert len(name.encode()) <= 255
    assert suffix_of(name) == suffix
    assert promises(name, DIGEST)
    assert not promises(name, "0" * 64)
    assert key_of(name) in {key, None}
    assert is_picture(name) is (suffix != SVG_SUFFIX)


def test_the_form_like_a_name_is_that_of_the_same_kind() -> None:
    svg = make_form(b"new")
    file = replace(make_file(), svg=svg)
    assert form_like(f"shopify_{SHORT}.svg", file) == svg
    assert form_like(f"shopify_{SHORT}.png", file) == file
    assert form_like(f"shopify_{SHORT}.dark.png", file) is None
    assert form_like(f"shopify_{SHORT}.svg", None) is None


@given(text=st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    key = key_of(text)
    assert key is None or (is_ours(text) and text.startswith(f"{key}_"))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("shopify.png", id="no digest"),
        pytest.param(f"shopify_{SHORT}.jpg", id="another suffix"),
        pytest.param(f"shopify_{SHORT.upper()}.png", id="upper case digest"),
        pytest.param(f"Shopify_{SHORT}.png", id="upper case key"),
        pytest.param(f"_{SHORT}.png", id="no key"),
        pytest.param(f"shopify_{SHORT}0.png", id="a digest too long"),
        pytest.param(f"shopify_{SHORT}.png\n", id="a line break behind"),
        pytest.param(f"../shopify_{SHORT}.png", id="a path"),
        pytest.param(f"shopify~0_{SHORT}.png", id="cut without a whole digest"),
        pytest.param(f"{'a' * 243}_{SHORT}.png", id="longer than any name of ours"),
    ],
)
def test_a_name_of_another_shape_is_not_ours(name: str) -> None:
    assert not is_ours(name)
    assert key_of(name) is None


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        pytest.param("", DIGEST, id="empty key"),
        pytest.param("..", DIGEST, id="parent directory"),
        pytest.param("a/b", DIGEST, id="a path"),
        pytest.param("Shopify", DIGEST, id="upper case"),
        pytest.param("shopify", DIGEST[:8], id="a digest cut short"),
        pytest.param("shopify", DIGEST.upper(), id="a digest in upper case"),
    ],
)
def test_what_cannot_be_a_name_is_refused(key: str, digest: str) -> None:
    with pytest.raises(ValueError, match=r"file name|hexadecimal"):
        file_name(key, digest)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="the directory"),
        pytest.param("..", id="its parent"),
        pytest.param(".logocache", id="hidden"),
        pytest.param("../etc/passwd", id="outside"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("folder/logo.png", id="below"),
        pytest.param("logo\0.png", id="NUL"),
        pytest.param("é" * 128, id="256 bytes in 128 characters"),
    ],
)
def test_a_name_that_could_leave_the_directory_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        check_name(name)
