"""How long a command takes from the shell: logocache against pip, which does comparable things."""

import os
import subprocess
import sys
import tempfile
import time
from functools import partial

from side_by_side import Contest, run


def milliseconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LOGO_CACHE_DIR"] = folder
        logocache = [sys.executable, "-m", "logocache"]
        pip = [sys.executable, "-m", "pip"]
        milliseconds([*logocache, "init", "--offline"])
        for title, contestants in {
            "help": {"pip --help": [*pip, "--help"], "logocache --help": [*logocache, "--help"]},
            "a look at the cache": {
                "pip cache info": [*pip, "cache", "info"],
                "logocache stats": [*logocache, "stats"],
                "logocache list -q": [*logocache, "list", "-q"],
                "logocache init, nothing due": [*logocache, "init", "--offline"],
            },
        }.items():
            measures = {name: partial(milliseconds, command) for name, command in contestants.items()}
            run(Contest(title=title, unit="ms", larger_is_better=False, contestants=measures))


if __name__ == "__main__":
    main()
