"""The program: `logocache`, or `python -m logocache`."""

import gc
import os
import sys


def main() -> int:
    """Run the command line; its exit code."""
    # Collecting garbage while modules are loaded, or looking for plugins of pydantic, finds nothing.
    gc.disable()  # see `cli.session.collect_garbage`
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from logocache.cli.main import run  # noqa: PLC0415  # see above

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
