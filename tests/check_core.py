"""Check the program without any extra: all works except what needs one, which names the missing extra.

Run as a program by `nox -s core`. Fails with an AssertionError that shows the unexpected output.
"""

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec

SERVER = "logocache: error: the server needs {}, which is not installed: pip install 'logocache[server]'\n"
POSTGRESQL = (
    "logocache: error: a postgresql:// database needs psycopg, which is not installed: "
    "pip install 'logocache[postgresql]'\n"
)
OF_EXTRAS = ("cachetools", "fastapi", "jinja2", "prometheus_client", "psycopg", "starlette", "uvicorn")


def main() -> None:
    present = [module for module in OF_EXTRAS if find_spec(module) is not None]
    assert not present, f"this environment is to hold the core alone, and has {present}"
    with tempfile.TemporaryDirectory() as folder:
        check_commands(folder)
        check_python(folder)
        check_what_is_missing(folder)


def check_commands(folder: str) -> None:
    run(folder, "--quiet", "init", "--offline", "shopify", "stripe")
    listing = json.loads(run(folder, "list", "--json"))
    assert len(listing["entries"]) > 100, listing
    for command in ("verify", "stats", "refresh stripe", "clear --older-than 30 --dry-run", "serve --help"):
        run(folder, *command.split())


def check_python(folder: str) -> None:
    program = (
        "from logocache import Settings, open_cache\n"
        f"with open_cache(Settings(dir={folder!r})) as cache:\n"
        "    assert cache.get('shopify.com').path.is_file()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def check_what_is_missing(folder: str) -> None:
    output = run(folder, "serve", code=3)
    assert output in {SERVER.format(module) for module in OF_EXTRAS}, output
    output = run(folder, "--database-url", "postgresql://nobody@127.0.0.1:1/none", "stats", code=3)
    assert output == POSTGRESQL, output


def run(folder: str, *arguments: str, code: int = 0) -> str:
    """Standard output, or standard error if `code` is not 0. AssertionError for another exit code."""
    environment = {**os.environ, "LOGO_CACHE_DIR": folder, "LOGO_CACHE_OFFLINE": "true"}
    command = [sys.executable, "-m", "logocache", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, (arguments, done.returncode, done.stderr)
    return done.stderr if code else done.stdout


if __name__ == "__main__":
    main()
