"""Figures of the source's shape: how much there is, and how many files a piece of work leads through.

    nox -s measures -- [checkout]

measures this checkout, or another one. A walk runs the program itself in a process whose every call is
noted, in all threads; a file is entered when one of its functions is called, whatever its import ran.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import CodeType, FrameType

from harness.internet import Loopback, Page
from harness.pictures import picture

HOME = Path(__file__).resolve().parent.parent
PACKAGE = "src/logocache"
GETS = 5
"""Requests of one kind: what runs in the background falls into some of them, but hardly into all."""
COLD = tuple(f"cold{number}" for number in range(GETS))
"""Logos that no request has asked for before."""
SETTLING_SECONDS = 0.3
"""What a server still does when its answer has arrived, such as to log it."""
PATIENCE = 120

Walk = tuple[tuple[str, ...], ...]
WALKS: Mapping[str, Walk] = {
    "init of one logo": (("init", "hot"),),
    "init of one logo, offline": (("init", "shopify", "--offline"),),
    "hot GET": (("init", "hot"), ("serve", "hot")),
    "cold GET": (("init", "hot", *COLD), ("serve", "cold{}")),
    "GET that fetches": (("init", "hot"), ("serve", "cold{}")),
    "clear": (("init", "hot"), ("clear", "--all", "--yes")),
    "verify --repair": (("init", "hot"), ("damage",), ("verify", "--repair")),
}
"""Commands before the one that is traced, and that one."""


class Trace:
    """Functions of the package that were called since the last `forget`, in threads begun afterwards too."""

    def __init__(self, package: Path) -> None:
        self.called: set[CodeType] = set()
        self._package = f"{package}{os.sep}"
        self._importing = threading.local()
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    def forget(self) -> None:
        self.called = set()

    def files(self) -> set[str]:
        return {code.co_filename.removeprefix(self._package) for code in tuple(self.called)}

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(self._package):
            return
        depth: int = getattr(self._importing, "depth", 0)
        if code.co_name == "<module>":
            self._importing.depth = depth + (1 if event == "call" else -1)
        elif event == "call" and not depth:
            self.called.add(code)


def run_traced(package: Path, command: str, arguments: list[str]) -> None:
    """Print, as JSON, which files of the package the command enters, and how many functions."""
    trace = Trace(package)
    from logocache.__main__ import main  # noqa: PLC0415  # the checkout's, under the trace

    if command == "serve":
        serve_traced(trace, main, arguments[0])
        return
    sys.argv = ["logocache", "--quiet", command, *arguments]
    code = main()
    sys.setprofile(None)
    if code:
        sys.exit(code)
    print(json.dumps([sorted(trace.files()), len(trace.called)]), file=sys.__stdout__)


def serve_traced(trace: Trace, main: Callable[[], int], name: str) -> None:
    """Serve; ask for logos meanwhile, and note what each of the requests did."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    files: list[set[str]] = []
    functions: list[set[CodeType]] = []

    def get(path: str) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return response.status

    def ask() -> None:
        try:
            await_server(get)
            get("/hot.test")  # so that what is made once is made
            for number in range(GETS):
                time.sleep(SETTLING_SECONDS)
                trace.forget()
                status = get(f"/{name.format(number)}.test")
                time.sleep(SETTLING_SECONDS)
                files.append(trace.files())
                functions.append(trace.called)
                if status != http.HTTPStatus.OK:
                    raise RuntimeError(f"the server answers {status} for {name}")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    asking = threading.Thread(target=ask)
    asking.start()
    sys.argv = ["logocache", "--quiet", "serve", "--port", str(port)]
    main()
    sys.setprofile(None)
    asking.join()
    if len(files) < GETS:
        sys.exit(3)
    entered, called = set.intersection(*files), set.intersection(*functions)
    print(json.dumps([sorted(entered), len(called)]), file=sys.__stdout__)


def await_server(get: Callable[[str], int]) -> None:
    """Raises ConnectionError when there is none in time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            get("/healthz")
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def walk(checkout: Path, steps: Walk, folder: Path) -> tuple[list[str], int]:
    """The files that the last step enters, and how many functions it calls.

    Raises CalledProcessError when a command does not end well.
    """
    keys = ["hot", *COLD]
    catalog = folder / "catalog.csv"
    catalog.write_text("key,name,domain\n" + "".join(f"{key},{key},{key}.test\n" for key in keys))
    # Pictures of different sizes: one for several companies would count as a provider placeholder.
    icons = {f"{key}.test": Page(body=picture(180 + size)) for size, key in enumerate(keys)}
    with Loopback(
        folder, {host: {"/apple-touch-icon.png": icon} for host, icon in icons.items()}
    ) as internet:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("LOGO_")}
        environment = {
            **ours,
            **internet.environment,
            "PYTHONPATH": os.pathsep.join([str(checkout / "src"), *sys.path]),
            "LOGO_CACHE_DIR": str(folder / "logos"),
            "LOGO_CACHE_CATALOG": str(catalog),
            "LOGO_CACHE_ON_DEMAND_WAIT_SECONDS": "60",  # a traced program is slow
            "LOGO_CACHE_PROVIDERS": "iconsets" if "--offline" in steps[-1] else "site",
        }
        said = ""
        for command, *arguments in steps:
            if command == "damage":
                damage(folder / "logos")
                continue
            said = subprocess.run(
                [sys.executable, __file__, str(checkout), "--trace", command, *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                text=True,
                check=True,
            ).stdout
    entered, functions = json.loads(said.splitlines()[-1])
    return entered, functions


def damage(logos: Path) -> None:
    """Lose the one logo, and leave a file there that is not ours."""
    for file in logos.glob("hot_*.png"):
        file.unlink()
    (logos / "stray.png").write_bytes(b"not ours")


def shape(checkout: Path) -> dict[str, str]:
    """What can be counted in the files alone."""
    package = checkout / PACKAGE
    modules = sorted(package.rglob("*.py"))
    lines = {file: len(file.read_text("utf-8").splitlines()) for file in modules}
    largest = max(modules, key=lambda file: lines[file])
    with (checkout / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    folders = Counter(module.name for module in modules)
    return {
        "modules": str(len(modules)),
        "lines of a module, median": f"{statistics.median(lines.values()):.0f}",
        "lines of a module, most": f"{lines[largest]} ({largest.relative_to(package)})",
        "modules at the package's root": str(len(list(package.glob("*.py")))),
        "source lines": f"{sum(lines.values()):,}",
        "layers of the import contract": str(len(layers)),
        "file names in two folders or more": str(sum(count > 1 for count in folders.values())),
        "runtime dependencies of the core": str(len(project["project"]["dependencies"])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkout", nargs="?", type=Path, default=HOME)
    parser.add_argument("--files", action="store_true", help="name the files that were entered")
    parser.add_argument("--trace", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    checkout = options.checkout.resolve()
    if options.trace:
        run_traced(checkout / PACKAGE, options.trace[0], options.trace[1:])
        return
    for title, figure in shape(checkout).items():
        print(f"{title:<40} {figure}")
    for title, steps in WALKS.items():
        with tempfile.TemporaryDirectory() as folder:
            entered, functions = walk(checkout, steps, Path(folder))
        print(f"{title + ': files entered':<40} {len(entered)} ({functions} functions)", flush=True)
        if options.files:
            print("".join(f"    {name}\n" for name in entered), end="")


if __name__ == "__main__":
    main()
