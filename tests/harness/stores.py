"""The file store for tests, and what is in its directory."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from harness.factories import make_image
from logocache.ports import NormalisedImage
from logocache.store.files import FileStore


def make_store(directory: Path, *, sync: Callable[[int], None] = os.fsync) -> FileStore:
    return FileStore(directory, directory / ".logocache", sync=sync)


def put(store: FileStore, key: str = "shopify", image: NormalisedImage | None = None) -> str:
    staged = store.stage(key, (image or make_image()).png)
    store.commit([staged])
    return staged.file.name


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
