"""What a command costs from the shell: logocache against pip and hf, which do comparable things."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from costs import LOGOCACHE, command_cost
from logocache.catalog import builtin_catalog
from side_by_side import Contest, Figures, Options


def contests(options: Options) -> Iterator[Contest]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        environment = {
            "LOGO_CACHE_DIR": str(folder / "logos"),
            "LOGO_CACHE_OFFLINE": "true",
            "PIP_CACHE_DIR": str(folder / "pip"),
            "HF_HOME": str(folder / "huggingface"),
        }
        only = ["shopify"] if options.quick else []
        command_cost([*LOGOCACHE, "init", *only], environment=environment)
        entries = len(builtin_catalog())
        fill_hub(folder / "huggingface" / "hub", entries)
        (folder / "pip").mkdir()
        yield contest(
            "help",
            {"pip --help": pip("--help"), "logocache --help": [*LOGOCACHE, "--help"]},
            environment,
        )
        yield contest(
            f"a look at a cache of {entries} entries",
            {
                "pip cache info": pip("cache", "info"),
                "hf cache ls": hub(),
                "logocache stats": [*LOGOCACHE, "stats"],
                "logocache list -q": [*LOGOCACHE, "list", "-q"],
            },
            environment,
        )
        yield contest(
            "nothing due",
            {"logocache stats": [*LOGOCACHE, "stats"], "logocache init": [*LOGOCACHE, "init", *only]},
            environment,
        )


def contest(
    title: str, commands: Mapping[str, Sequence[str] | str], environment: Mapping[str, str]
) -> Contest:
    """Contestants are commands, or the reason why they are missing."""
    return Contest(
        title=title,
        contestants={
            name: partial(milliseconds, command, environment)
            for name, command in commands.items()
            if not isinstance(command, str)
        },
        missing={name: reason for name, reason in commands.items() if isinstance(reason, str)},
    )


def milliseconds(command: Sequence[str], environment: Mapping[str, str]) -> Figures:
    cost = command_cost(command, environment=environment)
    return {"CPU ms": cost.cpu * 1000, "ms": cost.wall * 1000}


def pip(*arguments: str) -> Sequence[str] | str:
    if importlib.util.find_spec("pip") is None:
        return "this environment has no pip"
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]


def hub() -> Sequence[str] | str:
    """`hf` from an environment of its own, which `nox -s bench` makes."""
    program = os.environ.get("LOGOCACHE_BENCH_HF", "")
    return [program, "cache", "ls"] if Path(program).is_file() else "huggingface_hub could not be installed"


def fill_hub(hub: Path, count: int) -> None:
    """A cache of Hugging Face's with so many models of one small file
    (https://huggingface.co/docs/huggingface_hub/guides/manage-cache).
    """
    for number in range(count):
        model = hub / f"models--someone--model-{number}"
        for name in ("blobs", "refs", "snapshots/abc123"):
            (model / name).mkdir(parents=True)
        (model / "refs" / "main").write_text("abc123")
        (model / "blobs" / "0123").write_bytes(bytes(5000))
        (model / "snapshots" / "abc123" / "logo.png").symlink_to("../../blobs/0123")
