"""Options and arguments that several commands share, and the foot of their help."""

from typing import Annotated

import typer

from logocache.cli import completion

MOST_ENTRIES = 10**9
"""More than any cache has, and still a number that every database takes."""

Keys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY",
        help="Keys, aliases or domains of logos; all when none is named.",
        autocompletion=completion.keys,
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document (docs/json.md).")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 1 when a selected logo is missing after the run.")
]


def foot(*examples: str, exit_codes: str) -> str:
    """Examples and exit codes for the end of a help page, kept line by line."""
    shown = "\n".join(f"  {example}" for example in examples)
    return f"\b\nExamples:\n{shown}\n\n\b\nExit codes:\n  {exit_codes}"
