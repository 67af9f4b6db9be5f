"""The program: `logocache`, or `python -m logocache`."""

import sys

from logocache.cli.main import run


def main() -> int:
    """Run the command line; its exit code."""
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
