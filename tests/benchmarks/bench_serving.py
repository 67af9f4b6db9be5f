"""Hot logos a second: logocache against FastAPI with StaticFiles, a bare route, and nginx where it is."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from side_by_side import Contest, run

HERE = Path(__file__).parent
CONNECTIONS = 32
SECONDS = 3.0
FORM = "?size=64"

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr error; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; types {{ image/png png; }}
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location /static/cached_logos/ {{ alias {logos}/; }} }}
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """The port of a server that answers."""
    process = subprocess.Popen(command, env=os.environ | {"LOGO_CACHE_BACKGROUND_REFRESH": "false"})
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} does not answer")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def requests_a_second(port: int, path: str) -> float:
    command = [sys.executable, str(HERE / "load.py"), "127.0.0.1", str(port), path]
    command += [str(CONNECTIONS), str(SECONDS)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as servers:
        folder = Path(made)
        folder.chmod(0o755)
        logos = folder / "logos"
        program = [sys.executable, "-m", "logocache", "--quiet", "--cache-dir", str(logos)]
        subprocess.run([*program, "init", "--offline", "shopify"], check=True, stdout=subprocess.DEVNULL)
        file = next(logos.glob("shopify_*.png"))
        static = f"/static/cached_logos/{file.name}"
        peers = {
            name: servers.enter_context(
                running([sys.executable, str(HERE / "peers.py"), name, str(logos), str(port)], port)
            )
            for name in ("static_files", "from_memory")
            for port in [free_port()]
        }
        port = free_port()
        own = servers.enter_context(running([*program, "serve", "--port", str(port)], port))
        contestants = {
            "FastAPI + StaticFiles, uvicorn": partial(requests_a_second, peers["static_files"], static),
            "FastAPI route from a dict, uvicorn": partial(requests_a_second, peers["from_memory"], static),
            "logocache /static/cached_logos/{file}": partial(requests_a_second, own, static),
            "logocache /api/integrations/{id}/logo": partial(
                requests_a_second, own, f"/api/integrations/shopify/logo{FORM}"
            ),
            "logocache /{domain}": partial(requests_a_second, own, f"/shopify.com{FORM}"),
        }
        nginx = shutil.which("nginx")
        if nginx is not None:
            port = free_port()
            configuration = folder / "nginx.conf"
            configuration.write_text(NGINX.format(folder=folder, port=port, logos=logos), encoding="utf-8")
            served = servers.enter_context(running([nginx, "-c", str(configuration), "-p", made], port))
            contestants["nginx, one worker"] = partial(requests_a_second, served, static)
        print(f"one logo of {file.stat().st_size} bytes, {CONNECTIONS} connections, one worker each")
        run(
            Contest(
                title="hot logos",
                unit="requests a second",
                larger_is_better=True,
                contestants=contestants,
            )
        )


if __name__ == "__main__":
    main()
