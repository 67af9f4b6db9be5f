"""docs/http.md says of every route what the program's OpenAPI document says."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from prometheus_client.parser import text_string_to_metric_families

from harness.bench import Bench
from logocache import errors
from logocache.health import Health
from logocache.server import early_responses, gallery, json_documents, problems
from logocache.server.app import create_app
from logocache.server.limits import Bulkheads
from logocache.server.metrics import Metrics
from logocache.server.responses import YEAR
from logocache.settings import Settings

pytestmark = pytest.mark.docs

PAGE = Path(__file__).parents[2] / "docs" / "http.md"
HEADING = re.compile(r"^### (?P<operation>(?:GET|POST) /\S*)$", re.MULTILINE)

Operation = dict[str, Any]
"""A part of an OpenAPI document: JSON of any shape."""


@pytest.fixture
def operations(tmp_path: Path) -> dict[str, Operation]:
    """`GET /path` → what the program says of it."""
    document = create_app(Settings(dir=tmp_path)).openapi()
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture
def sections(text: str) -> dict[str, str]:
    """`GET /path` → what the page says of it, up to the next heading."""
    return {
        found["operation"]: re.split(r"^#", text[found.end() :], maxsplit=1, flags=re.MULTILINE)[0]
        for found in HEADING.finditer(text)
    }


def rows(section: str, first: str) -> Iterator[list[str]]:
    """The rows of the section's table whose first column is called so."""
    is_inside = False
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith(f"| {first} |"):
            is_inside = True
        elif not line.startswith("|"):
            is_inside = False
        elif is_inside and not line.startswith("|---"):
            yield cells


def resolved(parameter: Operation) -> Operation:
    """The schema of a parameter, or that of its items or of what it is when given."""
    schema: Operation = parameter["schema"]
    return next((item for item in schema.get("anyOf", ()) if item.get("type") != "null"), schema)


def test_every_route_has_its_section(sections: dict[str, str], operations: dict[str, Operation]) -> None:
    assert set(sections) == set(operations)


def test_every_page_for_people_is_in_the_table(text: str, tmp_path: Path) -> None:
    with Bench(tmp_path).open() as cache:
        router = gallery.build(cache, Bulkheads().management)
    built = {route.path for route in router.routes if isinstance(route, APIRoute)}
    named = {path for row in rows(text, "path") for path in re.findall(r"`(/[^`]*)`", row[0])}
    assert named == built


def test_parameters_are_those_of_the_program(
    sections: dict[str, str], operations: dict[str, Operation]
) -> None:
    for name, operation in operations.items():
        expected = {(f"`{item['name']}`", item["in"]) for item in operation.get("parameters", ())}
        assert {(row[0], row[1]) for row in rows(sections[name], "parameter")} == expected, name


def test_bounds_and_defaults_are_those_of_the_program(
    sections: dict[str, str], operations: dict[str, Operation]
) -> None:
    for name, operation in operations.items():
        shown = {row[0].strip("`"): row for row in rows(sections[name], "parameter")}
        for parameter in operation.get("parameters", ()):
            row, schema = shown[parameter["name"]], resolved(parameter)
            default = parameter["schema"].get("default")
            if default not in (None, []):
                said = str(default).lower() if isinstance(default, bool) else str(default)
                assert row[3] == f"`{said}`", (name, row)
            if "minimum" in schema:
                assert row[2] == f"{schema['minimum']:g} to {schema['maximum']:g}", (name, row)


def test_statuses_are_those_of_the_program(
    sections: dict[str, str], operations: dict[str, Operation]
) -> None:
    for name, operation in operations.items():
        assert [row[0] for row in rows(sections[name], "status")] == sorted(operation["responses"]), name


def test_the_fields_of_health_are_those_of_the_program(sections: dict[str, str]) -> None:
    shown = [row[0].strip("`") for row in rows(sections["GET /api/logo-cache/health"], "field")]
    assert shown == list(Health.__dataclass_fields__)


def test_figures_are_those_of_the_program(sections: dict[str, str], tmp_path: Path) -> None:
    with Bench(tmp_path).open() as cache:
        cache.init()
        exposition = Metrics().exposition(cache.stats()).decode()
    expected = {
        f"{family.name}_total" if family.type == "counter" else family.name: family.type
        for family in text_string_to_metric_families(exposition)
    }
    shown = {row[0].strip("`"): row[1] for row in rows(sections["GET /metrics"], "name")}
    assert shown == expected


def test_every_code_of_a_problem_is_explained(text: str) -> None:
    statuses = {code: row[1] for row in rows(text, "code") for code in re.findall(r"`(\w+)`", row[0])}
    ours = {
        each.code: problems.problem_of(each("", hint="")).status
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, errors.LogoCacheError)
    }
    framework = {code: status for status, (code, _, _) in problems.HTTP_PROBLEMS.items()}
    documented = {example[1]: status for status, example in json_documents.EXAMPLES.items()}
    refused = {
        each.code: each.status.value
        for _, each in inspect.getmembers(early_responses)
        if isinstance(each, early_responses.EarlyResponse)
    }
    expected = ours | framework | documented | refused
    assert {code: str(status) for code, status in expected.items()}.items() <= statuses.items()


def test_a_stored_file_may_be_kept_as_long_as_the_page_says(text: str) -> None:
    assert f"max-age={YEAR}, immutable" in text
