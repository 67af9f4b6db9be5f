"""Work on the built-in catalogue, without network.

python tools/catalogue.py table                   write the table of docs/catalogue.md anew
python tools/catalogue.py coverage LIST           count what the catalogue knows of a list of connectors
python tools/catalogue.py coverage LIST --icons icons.json    and which of these have an icon in a set

LIST has one name a line, or is JSON: an array of names, of objects with a `name`, or an object with the names
as keys. `--icons` takes Iconify files beside the sets that are installed.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from logocache.catalog import builtin_catalog
from logocache.providers import iconify
from logocache.providers.iconsets import IconSetProvider

PAGE = Path(__file__).parents[1] / "docs" / "catalogue.md"
HEAD = "| key | name | domain | category | also found as |\n|---|---|---|---|---|\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("table")
    coverage = commands.add_parser("coverage")
    coverage.add_argument("list", type=Path)
    coverage.add_argument("--icons", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    if arguments.command == "table":
        write_table()
    else:
        report(names_in(arguments.list.read_text(encoding="utf-8")), arguments.icons)
    return 0


def write_table() -> None:
    before, head, _ = PAGE.read_text(encoding="utf-8").partition(HEAD)
    rows = (
        f"| `{each.key}` | {each.name} | {each.domain} | {each.category} | {', '.join(each.aliases)} |\n"
        for each in builtin_catalog()
    )
    PAGE.write_text(before + head + "".join(rows), encoding="utf-8")


def names_in(text: str) -> list[str]:
    try:
        listed = json.loads(text)
    except ValueError:
        listed = [line.strip() for line in text.splitlines()]
    names = [each["name"] if isinstance(each, dict) else each for each in listed]
    return sorted({name for name in names if name})


def report(names: Iterable[str], icon_files: Iterable[Path]) -> None:
    """Print totals on stdout, and each name that is not found, or has no icon, on stderr."""
    found = {name: builtin_catalog().find(name) for name in names}
    sets = IconSetProvider([iconify.load(path) for path in icon_files])
    known = {name: entry for name, entry in found.items() if entry is not None}
    drawn = {name for name, entry in known.items() if sets.candidates(entry, ask=None)}  # type: ignore[arg-type]  # never asked
    for name, entry in found.items():
        if name not in drawn:
            print(f"{name}: {f'{entry.key} has no icon' if entry else 'not found'}", file=sys.stderr)
    print(f"{len(found)} names, {len(known)} found ({len(known) / len(found):.0%}), ", end="")
    print(f"{len(drawn)} with an icon ({len(drawn) / len(found):.0%})")


if __name__ == "__main__":
    sys.exit(main())
