"""Processes that do the same thing at the same moment."""

import json
import subprocess
import sys
from typing import Any

PRELUDE = """
import sys

url, name = sys.argv[1:]


def wait_for_the_others():
    print("ready", flush=True)
    sys.stdin.readline()

"""
PATIENCE = 600.0
"""Seconds."""


def race(script: str, url: str, *, count: int) -> list[Any]:
    """The JSON that `count` processes print which run `script` at once; `Any`, as JSON is.

    A script finds `url` and its own `name`, and must call `wait_for_the_others` before the race.
    """
    racers = [start(PRELUDE + script, url, f"racer-{number}") for number in range(count)]
    try:
        for racer in racers:
            assert racer.stdout is not None
            if racer.stdout.readline() != "ready\n":
                raise AssertionError(racer.communicate(timeout=PATIENCE)[1])
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        outputs = [racer.communicate(timeout=PATIENCE) for racer in racers]
    finally:
        for racer in racers:
            with racer:
                racer.kill()
    problems = "".join(problem for _, problem in outputs)
    if problems:
        raise AssertionError(problems)
    return [json.loads(output) for output, _ in outputs]


def start(script: str, url: str, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, url, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
