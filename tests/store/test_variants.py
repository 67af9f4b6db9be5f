"""Variants on disk: whole or not there, bounded, and never worth an error."""

import os
import stat
from pathlib import Path

import pytest

from harness.variants import DIGEST_SIZE, LARGE, ROOM, SMALL, file, keep
from logocache.queries import ImageFormat, Variant
from logocache.store.variants import LARGEST_VARIANT, MOST_OF_A_LOGO, FileVariants

LONG = f"{'a' * 242}_12345678.png"


def kept(folder: Path) -> list[str]:
    """Of which keys there are copies."""
    return sorted(path.name.split("_")[0] for path in folder.glob("*.copy"))


def test_it_satisfies_the_port(copies: FileVariants) -> None:
    port: FileVariants = copies
    assert port is copies


def test_what_is_kept_is_read(copies: FileVariants) -> None:
    assert copies.write(file("shopify"), SMALL, b"small", room=ROOM)
    assert copies.write(file("shopify"), LARGE, b"large", room=ROOM)
    assert copies.read(file("shopify"), SMALL) == b"small"
    assert copies.read(file("shopify"), LARGE) == b"large"
    assert copies.read(file("slack"), SMALL) is None
    assert copies.count() == 2
    assert copies.size_bytes() == 2 * (5 + DIGEST_SIZE)


def test_the_latest_is_read_and_counted_once(copies: FileVariants) -> None:
    for body in (b"first", b"the second"):
        assert copies.write(file("shopify"), SMALL, body, room=len(body) + DIGEST_SIZE)
    assert copies.read(file("shopify"), SMALL) == b"the second"
    assert copies.count() == 1


def test_a_copy_of_a_file_with_the_longest_name_is_kept(copies: FileVariants) -> None:
    variant = Variant(format=ImageFormat.WEBP, greyscale=True)
    assert copies.write(LONG, variant, b"body", room=ROOM)
    assert copies.read(LONG, variant) == b"body"
    copies.forget([LONG])
    assert copies.count() == 0


def test_looking_makes_no_folder(copies: FileVariants, folder: Path) -> None:
    assert copies.read(file("shopify"), SMALL) is None
    assert (copies.count(), copies.size_bytes()) == (0, 0)
    copies.forget([file("shopify")])
    copies.shrink(0)
    assert not folder.exists()


def test_folder_and_files_are_private_whatever_the_umask(copies: FileVariants, folder: Path) -> None:
    before = os.umask(0)
    try:
        keep(copies, "shopify")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_missing_cache_directory_is_not_made(tmp_path: Path) -> None:
    """A volume may be missing: the disk below it is the wrong place."""
    copies = FileVariants(tmp_path / "missing" / "variants", max_count=9)
    assert not copies.write(file("shopify"), SMALL, b"body", room=ROOM)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../shopify_12345678.png", "notes.txt", "", "a/b_12345678.png"])
def test_no_name_leads_outside(copies: FileVariants, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        copies.read(name, SMALL)
    with pytest.raises(ValueError, match="is not the name"):
        copies.write(name, SMALL, b"body", room=ROOM)
    copies.forget([name])
    assert list(tmp_path.iterdir()) == []


# Bounds.


def test_the_oldest_make_room(copies: FileVariants, folder: Path) -> None:
    for key, age in {"old": 30, "older": 40, "young": 10}.items():
        keep(copies, key, size=100, age=age)
    assert copies.write(file("new"), SMALL, b"x" * (100 - DIGEST_SIZE), room=250)
    assert kept(folder) == ["new", "young"]


def test_what_is_larger_than_its_room_costs_no_other(copies: FileVariants, folder: Path) -> None:
    keep(copies, "old", size=100)
    assert not copies.write(file("new"), SMALL, b"x" * 69, room=100)
    assert copies.write(file("slack"), SMALL, b"x" * 68, room=100), "the digest counts"
    assert kept(folder) == ["slack"]


@pytest.mark.parametrize("room", [0, -1])
def test_without_room_nothing_is_kept(copies: FileVariants, folder: Path, room: int) -> None:
    assert not copies.write(file("new"), SMALL, b"", room=room)
    assert not folder.exists()


def test_no_copy_is_larger_than_any_image_of_ours(copies: FileVariants) -> None:
    assert not copies.write(file("new"), SMALL, bytes(LARGEST_VARIANT), room=10**9)


def test_there_are_never_more_than_allowed(folder: Path) -> None:
    copies = FileVariants(folder, max_count=2)
    for number, key in enumerate(("a", "b", "c")):
        keep(copies, key, age=100 - number)
    assert kept(folder) == ["b", "c"]
    assert copies.write(file("b"), SMALL, b"again", room=ROOM)
    assert kept(folder) == ["b", "c"], "a copy that is there takes no second place"


def test_the_variants_of_one_logo_evict_each_other(folder: Path) -> None:
    """Each of its sizes and colours may be requested, by anybody."""
    copies = FileVariants(folder, max_count=1000)
    keep(copies, "slack", age=9000)
    for number in range(MOST_OF_A_LOGO + 5):
        keep(copies, "shopify", variant=Variant(background=f"{number:06x}"), age=1000 - number)
    assert kept(folder) == ["shopify"] * MOST_OF_A_LOGO + ["slack"]
    assert copies.read(file("shopify"), Variant(background="000004")) is None
    assert copies.read(file("shopify"), Variant(background="000005")) == b"x"


def test_none_are_kept_when_none_are_wanted(copies: FileVariants, folder: Path) -> None:
    keep(copies, "shopify")
    none = FileVariants(folder, max_count=0)
    assert not none.write(file("slack"), SMALL, b"body", room=ROOM)
    none.shrink(ROOM)
    assert none.count() == 0


@pytest.mark.parametrize(
    ("room", "left"),
    [
        (300, ["middle", "old", "young"]),
        (299, ["middle", "young"]),
        (200, ["middle", "young"]),
        (100, ["young"]),
        (99, []),
        (0, []),
        (-5, []),
    ],
)
def test_shrinking_takes_the_oldest_and_no_more(
    copies: FileVariants, folder: Path, room: int, left: list[str]
) -> None:
    for key, age in {"young": 1, "old": 3, "middle": 2}.items():
        keep(copies, key, size=100, age=age)
    copies.shrink(room)
    assert kept(folder) == left


def test_forgetting_takes_all_copies_of_these_files(copies: FileVariants, folder: Path) -> None:
    for key in ("shopify", "shopify.test", "slack"):
        keep(copies, key)
        keep(copies, key, variant=LARGE)
    copies.forget([file("shopify"), file("nobody"), "a stranger.txt"])
    assert kept(folder) == ["shopify.test"] * 2 + ["slack"] * 2
    copies.forget([])
    assert copies.count() == 4
