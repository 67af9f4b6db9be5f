"""Exits with 0 when this container's server answers /healthz, else with 1 and one line that says why.

Nothing but the standard library, and little of it: this runs every few seconds. It knows where the
server listens from the variables, or the file that LOGO_CACHE_CONFIG names, as the server itself does;
not from options behind `serve`. The path of a socket has to be absolute.
"""

# ruff: noqa: INP001  # a script

import os
import socket
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

SECONDS = 4
"""Less than the image's --timeout, so that the reason is told."""
EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # read, not bound to
"""Where a server that listens on all addresses is asked."""


def main() -> int:
    try:
        status = healthz_status()
    except (OSError, HTTPException, ValueError) as error:
        reason = " ".join(str(error).split())
        print(f"no answer from /healthz: {reason}", file=sys.stderr)  # noqa: T201  # the engine shows it
        return 1
    if status != 200:  # noqa: PLR2004  # HTTP's OK; importing http.HTTPStatus takes as long as the question
        print(f"/healthz answered {status}", file=sys.stderr)  # noqa: T201  # as above
        return 1
    return 0


def healthz_status() -> int:
    """The status that the server's /healthz answers with."""
    with connected() as channel:
        connection = HTTPConnection("localhost")
        connection.sock = channel
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        return connection.getresponse().status


def connected() -> socket.socket:
    """A connection to the server, at its unix socket or its port."""
    settings = settings_of_file()
    path = setting("serve_unix_socket", settings)
    if path:
        channel = socket.socket(socket.AF_UNIX)
        channel.settimeout(SECONDS)
        channel.connect(path)
        return channel
    host = setting("serve_host", settings)
    port = int(setting("serve_port", settings) or 8080)
    return socket.create_connection((EVERYWHERE.get(host, host), port), timeout=SECONDS)


def settings_of_file() -> dict[str, object]:
    path = os.environ.get("LOGO_CACHE_CONFIG")
    if not path:
        return {}
    import tomllib  # noqa: PLC0415  # few have such a file

    return tomllib.loads(Path(path).read_text(encoding="utf-8"))


def setting(name: str, settings: dict[str, object]) -> str:
    """The environment comes before the file; an empty variable counts as none. Empty: the default."""
    return os.environ.get(f"LOGO_CACHE_{name.upper()}") or str(settings.get(name, ""))


if __name__ == "__main__":
    sys.exit(main())
