"""`verify` of many files of 5 kB, read before, against sha256sum on all processors.

The size of the work is in files.
"""

import hashlib
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from costs import LOGOCACHE, command_cost, tool
from harness.factories import make_cached, make_integration
from harness.image_samples import SIGNATURE, png_chunk
from logocache import Settings, open_cache
from logocache.model import Outcome, OutcomeKind, StoredFile
from logocache.repository.mapping import SavedFetch
from logocache.store.names import file_name
from side_by_side import Contest, Figures, Options

SIDE = 40
AT_ONCE = 1000


def contests(options: Options) -> Iterator[Contest]:
    count = options.pick(quick=20, default=10_000)
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made) / "logos"
        fill(directory, count)
        cores = os.cpu_count()
        hashing = f"find {directory} -name '*.png' -print0 | xargs -0 -n 500 -P {cores} {tool('sha256sum')}"
        commands: Mapping[str, Sequence[str]] = {
            f"sha256sum, {cores} processes": ["sh", "-c", hashing],
            "logocache verify": [*LOGOCACHE, "--cache-dir", str(directory), "verify"],
        }
        yield Contest(
            title=f"{count:,} files of 5 kB",
            contestants={name: partial(verified, command, count) for name, command in commands.items()},
        )


def verified(command: Sequence[str], count: int) -> Figures:
    cost = command_cost(command)
    return {
        "CPU µs/file": cost.cpu / count * 1e6,
        "µs/file": cost.wall / count * 1e6,
        "MB at most": cost.peak_mb,
    }


def fill(directory: Path, count: int) -> None:
    """A cache of so many logos, without fetching them."""
    now = datetime.now(UTC)
    later = now + timedelta(days=7)
    outcome = Outcome(kind=OutcomeKind.FOUND, next_attempt_at=later)
    with open_cache(Settings(dir=directory, offline=True)) as cache:
        cache.init(["shopify"])
        repository = cache._context.repository
        for first in range(0, count, AT_ONCE):
            keys = [f"company{number}" for number in range(first, min(first + AT_ONCE, count))]
            repository.register([make_integration(key, domain=f"{key}.com") for key in keys], now=now)
            fetches = []
            for key in keys:
                content = picture(key)
                digest = hashlib.sha256(content).hexdigest()
                name = file_name(key, digest)
                (directory / name).write_bytes(content)
                file = StoredFile(name=name, sha256=digest, size=len(content), width=SIDE, height=SIDE)
                record = make_cached(key, file=file, fetched_at=now, checked_at=now, next_attempt_at=later)
                fetches.append(SavedFetch(record=record, outcome=outcome))
            with repository.unit() as unit:
                unit.save(fetches)


def picture(key: str) -> bytes:
    """A PNG of about 5 kB that is like no other."""
    rows = hashlib.shake_128(key.encode()).digest(SIDE * SIDE * 3)
    pixels = b"".join(b"\0" + rows[at : at + SIDE * 3] for at in range(0, len(rows), SIDE * 3))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(pixels, 0)), (b"IEND", b""))
    return SIGNATURE + b"".join(png_chunk(name, content) for name, content in chunks)
