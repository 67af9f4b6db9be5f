"""Pure: global options may stand behind the command too."""

from collections.abc import Sequence

VALUED = ("--config", "--cache-dir", "--database-url")
FLAGS = ("--verbose", "-v", "-vv", "--quiet")
"""Not `-q`: behind `list` it means keys only."""


def globals_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments with the global options moved to the front, where the parser wants them.

    Everything behind `--` stays. A global option without its value is left last, alone, so that
    the parser complains about that and does not take the command for the value.
    """
    moved: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in FLAGS or argument.startswith(tuple(f"{option}=" for option in VALUED)):
            moved.append(argument)
        elif argument in VALUED:
            value = next(waiting, None)
            if value is None:
                return [*moved, argument]
            moved.append(f"{argument}={value}")
        else:
            rest.append(argument)
    return [*moved, *rest]
