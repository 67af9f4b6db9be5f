"""Draw what the program shows on a terminal: `python docs/pictures/cli.py LOGOS PICTURE.svg`.

`nox -s pictures` makes the README's picture with it. The commands really run, on a pseudo-terminal, and what
stands on its screen in the end is drawn. Only the name of LOGOS, an empty or missing directory, is shown as
SHOWN_AS. Besides logocache it needs pyte, a terminal in memory.
"""

import fcntl
import io
import os
import pty
import string
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

WIDTH, HEIGHT = 112, 100
SHOWN_AS = "/srv/logos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A command, and how many of the first and the last lines of its screen are drawn."""

    command: str
    first: int
    last: int = 0


SHOTS = (
    Shot(command="logocache init --offline", first=6, last=4),
    Shot(command="logocache list --filter category=payments --limit 8", first=11),
    Shot(command="logocache stats", first=14),
)

# rich's own frame, without the font that it would load from elsewhere.
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main(logos: Path, picture: Path) -> None:
    """Run the commands one after the other, and draw their screens below each other."""
    environment = {**os.environ, "LOGO_CACHE_DIR": str(logos), "TERM": "xterm-256color", "NO_COLOR": ""}
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for shot in SHOTS:
        console.print(Text.assemble(("$ ", "bold green"), (shot.command, "bold")))
        for line in shortened(screen_after(shot.command, environment), shot):
            console.print(renamed(line, logos))
        console.print()
    drawing = console.export_svg(title="logocache", code_format=FRAME, unique_id="cli")
    picture.write_text(drawing, encoding="utf-8")


def screen_after(command: str, environment: dict[str, str]) -> list[Text]:
    """The lines of the terminal when `command` has ended, with their colours."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.ByteStream(screen)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    with subprocess.Popen(  # noqa: S603 - our own command
        command.split(), stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        while chunk := read(ours):
            stream.feed(chunk)
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    lines = [line_of(screen, row) for row in range(HEIGHT)]
    while not lines[-1].plain:
        lines.pop()
    return lines


def shortened(lines: list[Text], shot: Shot) -> list[Text]:
    """A mark stands for the lines between the first and the last."""
    if len(lines) <= shot.first + shot.last:
        return lines
    return [*lines[: shot.first], Text("…", "dim"), *lines[len(lines) - shot.last :]]


def renamed(line: Text, logos: Path) -> Text:
    """`line` with the directory under its shown name; the cells behind it stay where they were."""
    before, found, after = line.plain.partition(str(logos))
    if not found:
        return line
    return Text.assemble(line[: len(before)], SHOWN_AS, line[len(line) - len(after) :] if after else "")


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def line_of(screen: pyte.Screen, row: int) -> Text:
    cells = [screen.buffer[row][column] for column in range(WIDTH)]
    line = Text()
    for (colour, bold), run in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
        line.append("".join(cell.data for cell in run), Style(color=colour_of(colour), bold=bold))
    line.rstrip()
    return line


def colour_of(name: str) -> str | None:
    """The name that rich has for a colour of pyte."""
    if name == "default":
        return None
    if len(name) == len("rrggbb") and set(name) <= set(string.hexdigits):
        return f"#{name}"
    return {"brown": "yellow"}.get(name, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
