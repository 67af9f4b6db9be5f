"""Work for child processes on the variants of a cache, importable by name."""

from pathlib import Path

from logocache.queries import ImageFormat, Variant
from logocache.store.variants import FileVariants

MOST = 10
SHARED_ROOM = 2_000
EACH = 200


def keep_many(folder: Path, worker: int) -> int:
    """Write some variants; returns how many were kept."""
    variants = FileVariants(folder, max_count=MOST)
    small = Variant(size=32, format=ImageFormat.WEBP)
    names = [f"w{worker}-{number}_00000000.png" for number in range(25)]
    return sum(variants.write(name, small, bytes(EACH), room=SHARED_ROOM) for name in names)
