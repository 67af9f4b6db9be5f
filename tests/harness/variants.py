"""Variants in a folder."""

import os

from logocache.queries import ImageFormat, Variant
from logocache.store.variants import FileVariants

SMALL, LARGE = Variant(size=32, format=ImageFormat.WEBP), Variant(size=256)
DIGEST_SIZE = 32
ROOM = 10**6


def file(key: str) -> str:
    return f"{key}_12345678.png"


def keep(copies: FileVariants, key: str, *, size: int = 10, age: int = 0, variant: Variant = SMALL) -> None:
    """A copy of `size` bytes on disk, last changed `age` seconds before the epoch's 10,000th."""
    assert copies.write(
        file(key), variant, b"x" * (size - DIGEST_SIZE if size > DIGEST_SIZE else 1), room=ROOM
    )
    (path,) = copies._folder.glob(f"{key}_12345678.{variant.label}.copy")
    os.utime(path, (10_000 - age, 10_000 - age))
