"""docs/errors.md holds every error, every code of the server and every exit code, as the program has them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.pages import rows_of, section_of
from logocache import errors, server
from logocache.cli.terminal import ExitCode, of_error
from logocache.errors import LogoCacheError
from logocache.server.problems import HTTP_PROBLEMS, problem_of

pytestmark = pytest.mark.docs


def every_error(base: type[LogoCacheError] = LogoCacheError) -> list[type[LogoCacheError]]:
    """Depth first, in the order of the module."""
    return [base, *(found for subclass in base.__subclasses__() for found in every_error(subclass))]


def code_rows() -> list[list[str]]:
    return rows_of(section_of("errors.md", "## Codes"))[1:]


def test_every_error_stands_there_with_its_code_in_the_order_of_the_tree() -> None:
    ours = [error for error in every_error() if error.__module__ == errors.__name__]
    assert [row[0] for row in code_rows()] == [f"`{our.code}`" for our in ours]


@pytest.mark.parametrize("row", code_rows(), ids=lambda row: row[0])
def test_every_error_has_the_exit_code_and_the_status_that_the_page_says(row: list[str]) -> None:
    (error,) = (item for item in every_error() if f"`{item.code}`" == row[0])
    raised = error("a problem", hint="a hint")
    assert row[1:3] == [str(of_error(raised).value), str(problem_of(raised).status)]


def server_codes() -> Iterator[str]:
    """Every `code="…"` that the server's source gives to a problem, and those of the framework's refusals."""
    for module in Path(server.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                yield str(node.value.value)
    yield from (code for code, _, _ in HTTP_PROBLEMS.values())
    yield "http_error"


def test_every_code_of_the_server_stands_there() -> None:
    rows = rows_of(section_of("errors.md", "## Over HTTP"))[1:]
    codes = [code for row in rows for code in row[0].split(", ")]
    assert sorted(codes) == sorted(f"`{code}`" for code in set(server_codes()))


def test_every_exit_code_stands_there() -> None:
    rows = rows_of(section_of("errors.md", "## Exit codes"))[1:]
    assert [row[0] for row in rows] == [str(item.value) for item in ExitCode]
