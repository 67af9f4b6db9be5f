"""The real program, made ready to serve."""

from collections.abc import Mapping

from harness.server_process import run_program

TOKEN = "a token that only operators know"
IN_TIME = 15
"""Seconds within which a server ends on a busy machine; on one of its own it is less than 5. The sources
that could hold it up take for ever."""


def initialised(environment: Mapping[str, str], *arguments: str) -> None:
    result = run_program("init", *arguments, environment=environment)
    assert result.returncode == 0, result.stderr


def made_ready(environment: dict[str, str]) -> None:
    """Directory and schema, without a fetch of note."""
    initialised(environment | {"LOGO_CACHE_OFFLINE": "true"}, "shopify")
