"""A resized copy is kept here, and only where the size limit leaves room for it."""

from logocache.operations.parts import Parts
from logocache.variant import Variant


def keep_copy(parts: Parts, file: str, variant: Variant, body: bytes, *, max_size_bytes: int) -> bool:
    """Keep `body` as the copy of the stored file named `file`; whether it was kept.

    Not kept: what no entry names any more, what has no room beside the logos and replaced files,
    and what the disk would not have.

    Writers of logos take turns: while we hold their transaction, no logo can take the room that we
    saw, and no file can be cleared away behind which the copy would stay.

    Raises:
        DatabaseError: the database cannot be asked. Nothing was kept.
    """
    with parts.repository.unit() as unit:
        if unit.unnamed([file]):
            return False
        room = max_size_bytes - unit.stored_bytes()
        return parts.variants.keep(file, variant, body, room=max(room, 0))
