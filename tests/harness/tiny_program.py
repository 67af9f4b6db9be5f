"""A process that serves the tiny application the way `logocache serve` serves the real one.

Its settings come from the environment.
"""

import sys

from harness.tiny_app import application, check, tell
from logocache.cli import terminal
from logocache.errors import LogoCacheError
from logocache.server.serving import serve
from logocache.settings import Settings


def prepare() -> None:
    """No logging."""


def main() -> int:
    try:
        with terminal.raised_as_exits():
            serve(Settings(), prepare=prepare, announce=tell, check=check, application=application)
    except LogoCacheError as error:
        tell(f"{error.code}: {error}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
