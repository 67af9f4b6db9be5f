"""Decoder processes and what is given to them."""

from collections.abc import Callable

from harness.image_samples import encoded, two_colours
from logocache.images.pool import DecoderPool

GOOD = encoded(two_colours((40, 20)), "PNG")

Impostor = Callable[[str], None]


def new_pool(*, workers: int = 1, seconds: float = 20) -> DecoderPool:
    return DecoderPool(workers=workers, max_pixels=10**6, decode_timeout=seconds, memory_bytes=10**9)


def pids(pool: DecoderPool) -> list[int]:
    return [decoder._process.pid for decoder in pool._idle]
