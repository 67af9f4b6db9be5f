"""Resized copies go to disk behind the answers that they were made for."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from logocache.model import StoredFile
from logocache.operations.lookup import Lookup
from logocache.variant import Variant

MOST_WAITING = 100
"""Copies that wait for the disk and the database; a copy beyond them is made again another time."""


class Keeping:
    """One thread that keeps copies. `keep` is called by the event loop's thread."""

    def __init__(self, shelf: Lookup) -> None:
        self._shelf = shelf
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="logocache-keep")
        self._waiting = 0

    def keep(self, file: StoredFile, variant: Variant, content: bytes) -> None:
        """Have it kept soon. Returns at once."""
        if self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        self._thread.submit(partial(self._keep, file, variant, content))

    def close(self) -> None:
        """Keep nothing any more; what is being written is finished."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _keep(self, file: StoredFile, variant: Variant, content: bytes) -> None:
        try:
            self._shelf.keep(file, variant, content)
        finally:
            self._waiting -= 1
