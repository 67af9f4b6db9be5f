"""Names and digests of variants."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.queries import ImageFormat, Shape, Variant
from logocache.store.names import (
    belongs_to,
    check_name,
    file_name,
    owner_of,
    variant_name,
    with_digest,
    without_digest,
)

DIGEST = "1f3a9c2e" + "0" * 56
FILE = file_name("shopify", DIGEST)
VARIANTS = [
    Variant(size=size, format=each, greyscale=grey)
    for size, each, grey in itertools.product((None, 16, 512), ImageFormat, (False, True))
] + [
    Variant(size=size, greyscale=grey, shape=Shape.SQUARE, padding=padding, background=background)
    for size, grey, padding, background in itertools.product(
        (None, 512), (False, True), (0, 40), ("transparent", "f5f5f5")
    )
]
KEYS = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,250}[a-z0-9])?", fullmatch=True)


def test_the_name_says_whose_copy_it_is_and_which() -> None:
    assert variant_name(FILE, Variant(size=128, format=ImageFormat.WEBP)) == "shopify_1f3a9c2e.128-webp.copy"
    assert variant_name(FILE, Variant(greyscale=True)) == "shopify_1f3a9c2e.full-png-grey.copy"
    square = Variant(size=64, shape=Shape.SQUARE, padding=10, background="white")
    assert variant_name(FILE, square) == "shopify_1f3a9c2e.64-png-square10-ffffff.copy"


@given(KEYS, st.lists(st.sampled_from(VARIANTS), min_size=2, max_size=2, unique=True))
def test_no_two_variants_share_a_name(key: str, variants: list[Variant]) -> None:
    one, other = (variant_name(file_name(key, DIGEST), variant) for variant in variants)
    assert one != other


@given(KEYS, st.sampled_from(VARIANTS))
def test_every_name_fits_and_leads_back_to_its_file(key: str, variant: Variant) -> None:
    file = file_name(key, DIGEST)
    name = variant_name(file, variant)
    assert check_name(name) == name
    assert len(name) <= 255
    assert belongs_to(name) == owner_of(file)


@given(st.sets(KEYS, min_size=2, max_size=2))
def test_no_two_files_share_their_copies(keys: set[str]) -> None:
    one, other = (file_name(key, DIGEST) for key in keys)
    assert one == other or owner_of(one) != owner_of(other)


def test_names_that_are_cut_are_told_apart() -> None:
    long = "a" * 230
    names = {owner_of(file_name(long + end, DIGEST)) for end in ("", "b", "c")}
    assert len(names) == 3
    assert all(len(name) == 217 for name in names)


@pytest.mark.parametrize(
    "file", ["", "../shopify_1f3a9c2e.png", "/etc/passwd", "notes.txt", "shopify.png", "a\0_1f3a9c2e.png"]
)
def test_only_stored_logos_have_copies(file: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a stored logo"):
        variant_name(file, Variant(size=16))


@pytest.mark.parametrize("name", ["", ".lock", ".a.part", "a.copy", "shopify_1f3a9c2e.png", "a.128-png"])
def test_other_names_belong_to_nobody(name: str) -> None:
    assert belongs_to(name) == ""


@given(st.binary(min_size=1, max_size=50), st.sampled_from(VARIANTS))
def test_what_was_sealed_is_unsealed(body: bytes, variant: Variant) -> None:
    assert without_digest(FILE, variant, with_digest(FILE, variant, body)) == body


@given(st.data())
def test_a_changed_byte_shows(data: st.DataObject) -> None:
    content = with_digest(FILE, Variant(size=16), b"image")
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != content[at]))
    assert without_digest(FILE, Variant(size=16), content[:at] + bytes([byte]) + content[at + 1 :]) is None


@pytest.mark.parametrize(
    ("file", "variant", "cut"),
    [
        pytest.param(file_name("slack", DIGEST), Variant(size=16), None, id="of another file"),
        pytest.param(FILE, Variant(size=17), None, id="of another form"),
        pytest.param(FILE, Variant(size=16), -1, id="cut off"),
        pytest.param(FILE, Variant(size=16), 32, id="the digest alone"),
        pytest.param(FILE, Variant(size=16), 0, id="empty"),
    ],
)
def test_what_is_not_this_very_copy_shows(file: str, variant: Variant, cut: int | None) -> None:
    assert without_digest(file, variant, with_digest(FILE, Variant(size=16), b"image")[:cut]) is None
