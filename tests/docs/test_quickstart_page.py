"""The commands of docs/quickstart.md run as they stand there, in a home of their own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.pages import blocks_of, text_of
from logocache.catalog import builtin_catalog

pytestmark = [
    pytest.mark.docs,
    pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl"),
]

INSTALL = "pip install '.[server]'\n"
PORT = "8080"
END = "echo end of block {}\n"


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def script(port: str) -> str:
    """All blocks as one, so that variables and the running server last from one to the next.

    Only the port is another one; and what `pip install` would install is on the path already.
    """
    blocks = blocks_of(text_of("quickstart.md"), "sh")
    assert INSTALL in blocks[0]
    return "".join(
        block.replace(INSTALL, "").replace(f":{PORT}/", f":{port}/") + END.format(number)
        for number, block in enumerate(blocks)
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The home in which the commands ran, and what each block wrote."""
    home = tmp_path_factory.mktemp("home")
    work = tmp_path_factory.mktemp("work")
    port = free_port()
    tools = str(Path(sys.executable).parent)
    with subprocess.Popen(
        ["bash", "-eu", "-c", script(port)],
        cwd=work,
        env={
            "HOME": str(home),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "LOGO_CACHE_OFFLINE": "true",
            "LOGO_CACHE_SERVE_PORT": port,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # the server too
            raise
    assert process.returncode == 0, output
    assert list(work.iterdir()) == []
    return home, re.split(r"end of block \d+\n", output)


def test_the_first_init_knows_every_integration(ran: tuple[Path, list[str]]) -> None:
    count = len(builtin_catalog())
    assert f"{count} entries ({count} new)" in ran[1][1]


def test_the_second_init_finds_nothing_due(ran: tuple[Path, list[str]]) -> None:
    assert "nothing was due" in ran[1][2]


def test_the_figures_and_the_files_are_shown(ran: tuple[Path, list[str]]) -> None:
    assert re.search(r"^Entries: \d+$", ran[1][3], re.MULTILINE)
    assert re.search(r"^shopify_[0-9a-f]{8}\.png$", ran[1][3], re.MULTILINE)


def test_the_server_gives_its_health(ran: tuple[Path, list[str]]) -> None:
    assert '"status":"healthy"' in ran[1][5].replace(" ", "")


def test_an_own_entry_gets_its_placeholder(ran: tuple[Path, list[str]]) -> None:
    assert "1 placeholder" in ran[1][6]


def test_all_files_are_well(ran: tuple[Path, list[str]]) -> None:
    assert "all is well" in ran[1][7]


def test_nothing_is_left_behind(ran: tuple[Path, list[str]]) -> None:
    home, _ = ran
    left = [path.name for path in home.iterdir()]
    # Hidden ones are of other programs, such as a version manager before `python3`.
    assert [name for name in left if not name.startswith(".")] == []
