"""Bytes of hot logos in memory, at most so many of them; the one used longest ago goes first."""

import hashlib
from dataclasses import dataclass

from cachetools import LRUCache

from logocache.variant import ImageFormat

MEDIA_TYPES = {
    ImageFormat.PNG: "image/png",
    ImageFormat.JPG: "image/jpeg",
    ImageFormat.WEBP: "image/webp",
}

OVERHEAD_BYTES = 500
"""What one entry costs in memory beyond its content, about."""


@dataclass(frozen=True, slots=True)
class Body:
    """The content of an answer."""

    content: bytes
    media_type: str
    etag: str
    """Strong (RFC 9110 8.8.1): the same tag is the same bytes."""
    headers: tuple[tuple[bytes, bytes], ...]
    """Content-Type, Content-Length and ETag, as they are sent."""

    @classmethod
    def of(cls, content: bytes, image_format: ImageFormat) -> "Body":
        digest = hashlib.sha256(content).hexdigest()
        etag = f'"{digest[:32]}"'
        headers = (
            (b"content-type", MEDIA_TYPES[image_format].encode("ascii")),
            (b"content-length", str(len(content)).encode("ascii")),
            (b"etag", etag.encode("ascii")),
        )
        return cls(content=content, media_type=MEDIA_TYPES[image_format], etag=etag, headers=headers)


class Bodies:
    """Used by the event loop's thread alone."""

    def __init__(self, budget_bytes: int) -> None:
        """Keeps nothing when the budget is 0."""
        self._bodies: LRUCache[tuple[str, str], Body] = LRUCache(budget_bytes, getsizeof=_cost)

    def get(self, name: str, label: str) -> Body | None:
        """The content of the file `name` in the form that `label` names."""
        return self._bodies.get((name, label))

    def put(self, name: str, label: str, body: Body) -> None:
        """Keep it, if it fits into the budget at all."""
        self._bodies.pop((name, label), None)
        if _cost(body) <= self._bodies.maxsize:
            self._bodies[name, label] = body

    @property
    def size_bytes(self) -> int:
        return int(self._bodies.currsize)

    def __len__(self) -> int:
        return len(self._bodies)


def _cost(body: Body) -> int:
    return len(body.content) + OVERHEAD_BYTES
