"""What may be asked of the resized copies that are kept on disk: a cache within the cache.

All of it can be made again at any time, so nothing here is precious: the oldest copy goes first.
Called from several threads and processes at once.
"""

from collections.abc import Collection
from typing import Protocol

from logocache.variant import Variant


class Variants(Protocol):
    """Resized copies of stored logos, at most so many, each belonging to one file of the store."""

    def read(self, file: str, variant: Variant) -> bytes | None:
        """The copy of the stored file named `file`; None when there is none, or it is damaged."""
        ...

    def keep(self, file: str, variant: Variant, body: bytes, *, room: int) -> bool:
        """Write it atomically, as long as all copies together then take at most `room` bytes.

        Older copies go to make room. False when it was not kept: larger than the room, or the disk
        would not have it. Never raises for the disk: a copy that is not kept is made again.
        """
        ...

    def forget(self, files: Collection[str]) -> None:
        """Delete all copies of these stored files."""
        ...

    def shrink(self, room: int) -> None:
        """Delete the oldest copies until all together take at most `room` bytes (0: all of them)."""
        ...

    def size_bytes(self) -> int:
        """Bytes of all copies."""
        ...

    def count(self) -> int: ...
