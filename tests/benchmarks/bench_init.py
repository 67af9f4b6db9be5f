"""`init` of many logos from a server on loopback, against curl, which only saves their bytes.

The server answers after 100 ms or at once. The size of the work is in logos.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from costs import LOGOCACHE, command_cost, tool
from servers import HERE, free_port, running
from side_by_side import Contest, Figures, Options

PARALLEL = 64
DELAY = 0.1


def contests(options: Options) -> Iterator[Contest]:
    count = options.pick(quick=20, default=1000)
    for delay, title in ((DELAY, "100 ms per answer"), (0.0, "immediate answers")):
        port = free_port()
        server = [sys.executable, str(HERE / "logo_server.py"), str(port), str(count), str(delay)]
        with tempfile.TemporaryDirectory() as made, running(server, port=port):
            folder = Path(made)
            environment = own_catalogue(folder, port, count)
            # Seconds are compared where the server is slow, and CPU where it is not.
            fetch = partial(fetched, count=count, by_time=delay > 0, environment=environment)
            curl = partial(fetch, curl_command(folder, port, count), folder / "curl")
            init = partial(fetch, [*LOGOCACHE, "init", *keys_of(count)], folder / "logos")
            yield Contest(
                title=f"{count:,} logos, {title}",
                contestants={f"curl --parallel-max {PARALLEL}": curl, "logocache init": init},
            )


def own_catalogue(folder: Path, port: int, count: int) -> Mapping[str, str]:
    """Write a catalogue of so many companies; return the settings to fetch them all from the server."""
    entries = [
        {"key": key, "name": key, "domain": f"{key}.com", "category": "companies"} for key in keys_of(count)
    ]
    catalogue = folder / "catalogue.json"
    catalogue.write_text(json.dumps(entries), encoding="utf-8")
    return {
        "LOGO_CACHE_DIR": str(folder / "logos"),
        "LOGO_CACHE_CATALOG": str(catalogue),
        "LOGO_CACHE_PROVIDERS": "template",
        "LOGO_CACHE_TEMPLATE_URL": f"http://127.0.0.1:{port}/{{key}}.png",
        "LOGO_CACHE_ALLOWED_NETWORKS": "127.0.0.0/8",
        "LOGO_CACHE_CONCURRENCY": str(PARALLEL),
        "LOGO_CACHE_CONCURRENCY_PER_HOST": str(PARALLEL),
    }


def curl_command(folder: Path, port: int, count: int) -> Sequence[str]:
    """Raises MissingError without curl."""
    lines = [
        f'url = "http://127.0.0.1:{port}/{key}.png"\noutput = "{folder}/curl/{key}.png"\n'
        for key in keys_of(count)
    ]
    config = folder / "curl.txt"
    config.write_text("".join(lines), encoding="utf-8")
    options = ["--silent", "--fail", "--create-dirs", "--parallel", "--parallel-max", str(PARALLEL)]
    return [tool("curl"), *options, "--config", str(config)]


def keys_of(count: int) -> Iterator[str]:
    return (f"company{number}" for number in range(count))


def fetched(
    command: Sequence[str], folder: Path, *, count: int, by_time: bool, environment: Mapping[str, str]
) -> Figures:
    """Run the command, which fills the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    cost = command_cost(command, environment=environment)
    saved = sum(1 for _ in folder.glob("*.png"))
    if saved != count:
        raise RuntimeError(f"{command[0]} saved {saved} of {count} logos")
    cpu, wall = {"CPU ms/logo": cost.cpu * 1000 / count}, {"ms/logo": cost.wall * 1000 / count}
    return (wall | cpu if by_time else cpu | wall) | {"MB at most": cost.peak_mb}
