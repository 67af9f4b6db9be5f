"""What processes of their own do to the copies of a cache: importable there by name."""

from pathlib import Path

from logocache.queries import ImageFormat, Variant
from logocache.store.variants import FileVariants

MOST = 10
SHARED_ROOM = 2_000
EACH = 200


def keep_many(folder: Path, worker: int) -> int:
    """Keep some copies; how many were kept."""
    copies = FileVariants(folder, max_count=MOST)
    small = Variant(size=32, format=ImageFormat.WEBP)
    names = [f"w{worker}-{number}_00000000.png" for number in range(25)]
    return sum(copies.write(name, small, bytes(EACH), room=SHARED_ROOM) for name in names)
