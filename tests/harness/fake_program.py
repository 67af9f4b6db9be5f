"""The program over a fake cache, for tests that need a process of their own.

FAKE_CACHE chooses what the cache does: `hang` waits in `init` until a signal comes, and tells on
standard error whether it was closed; `long` lists many entries; `bug` raises what nobody expects.
"""

import dataclasses
import os
import sys
import threading
from collections.abc import Sequence

from harness.fake_cache import FakeCache
from harness.results import CACHED
from logocache.cli.main import run
from logocache.ports import Progress
from logocache.results import FetchReport, Listing


class Hanging(FakeCache):
    def init(self, keys: Sequence[str], *, force: bool, adopt: bool, progress: Progress) -> FetchReport:
        sys.stderr.write("ready\n")
        sys.stderr.flush()
        threading.Event().wait(60)
        raise AssertionError("no signal came")

    def __exit__(self, *exception: object) -> None:
        sys.stderr.write("closed\n")


def chosen() -> FakeCache:
    match os.environ.get("FAKE_CACHE"):
        case "hang":
            return Hanging()
        case "long":
            entries = tuple(dataclasses.replace(CACHED, key=f"key-{number}") for number in range(20_000))
            return FakeCache(listing=Listing(entries=entries, matching=len(entries)))
        case "bug":
            return FakeCache(error=ZeroDivisionError("a bug\x1b[2J"))
        case _:
            return FakeCache()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], opener=chosen().open))
