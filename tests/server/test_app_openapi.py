"""The OpenAPI document is complete, valid, and true."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from harness.small_app import AUTHORISED, TOKEN, Client, make_app, make_bench, make_foreign_app
from logocache.cache import LogoCache

Document = dict[str, Any]
"""OpenAPI is JSON of many shapes."""

PROBLEM = "application/problem+json"


class Operation(NamedTuple):
    method: str
    path: str
    facts: Document


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[LogoCache]:
    with make_bench(tmp_path).open(admin_token=TOKEN) as cache:
        cache.init()
        yield cache


@pytest.fixture(params=["own", "foreign"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> FastAPI:
    """Nothing is asked of its cache, which need not be there."""
    cache = make_bench(tmp_path).open()
    return make_app(cache) if request.param == "own" else make_foreign_app(cache)


def operations(document: Document) -> list[Operation]:
    """All operations but those of the foreign application itself."""
    return [
        Operation(method.upper(), path, facts)
        for path, methods in document["paths"].items()
        for method, facts in methods.items()
        if not path.endswith("/hello")
    ]


def resolved(schema: Document, document: Document) -> Document:
    """The schema with the components it refers to beside it."""
    return schema | {"components": document["components"]}


def contents(document: Document) -> Iterator[tuple[str, Document]]:
    """Each body that a route may answer with, named by operation and status."""
    for operation in operations(document):
        for status, response in operation.facts["responses"].items():
            for media_type, content in response.get("content", {}).items():
                yield f"{operation.facts['operationId']} {status} {media_type}", content


def test_the_document_is_of_version_3_1(app: FastAPI) -> None:
    assert app.openapi()["openapi"].startswith("3.1.")


def test_every_operation_says_what_it_does(app: FastAPI) -> None:
    found = operations(app.openapi())
    names = [operation.facts["operationId"] for operation in found]
    assert len(names) == len(set(names)) == 11
    for operation in found:
        assert operation.facts["summary"]
        assert operation.facts["description"]
        assert len(operation.facts["tags"]) == 1


def test_every_schema_is_valid_and_every_reference_leads_somewhere(app: FastAPI) -> None:
    document = app.openapi()
    named = dict(contents(document))
    for content in named.values():
        Draft202012Validator.check_schema(content["schema"])
        # Refers, with what it refers to, to nothing that is not there; what is validated does not matter.
        list(Draft202012Validator(resolved(content["schema"], document)).iter_errors({}))
    for component in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(component)


def test_every_example_is_what_its_schema_says(app: FastAPI) -> None:
    document = app.openapi()
    examples = [content for content in contents(document) if "example" in content[1]]
    assert examples
    for _, content in examples:
        jsonschema.validate(content["example"], resolved(content["schema"], document))


def test_every_parameter_is_described_and_its_examples_are_allowed(app: FastAPI) -> None:
    document = app.openapi()
    for operation in operations(document):
        for parameter in operation.facts.get("parameters", ()):
            assert parameter["description"], (operation.path, parameter["name"])
            for example in parameter["schema"].get("examples", ()):
                jsonschema.validate(example, resolved(parameter["schema"], document))


def test_errors_are_problems_everywhere(app: FastAPI) -> None:
    for operation in operations(app.openapi()):
        for status, response in operation.facts["responses"].items():
            if status.startswith("4"):
                assert list(response["content"]) == [PROBLEM], (operation.path, status)
                assert response["content"][PROBLEM]["schema"]["properties"]["status"]["const"] == int(status)
    assert "HTTPValidationError" not in str(operations(app.openapi()))


def test_whatever_has_parameters_may_answer_that_they_break_rules(app: FastAPI) -> None:
    for operation in operations(app.openapi()):
        if operation.facts.get("parameters"):
            assert "422" in operation.facts["responses"], operation.path


def test_only_changing_operations_want_the_token(app: FastAPI) -> None:
    document = app.openapi()
    guarded = {operation.method for operation in operations(document) if operation.facts.get("security")}
    assert guarded == {"POST"}
    assert all(each.facts.get("security") for each in operations(document) if each.method == "POST")
    scheme = document["components"]["securitySchemes"]["adminToken"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


QUESTIONS = [
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/metrics", 200),
    ("GET", "/api/logo-cache/health", 200),
    ("GET", "/api/logo-cache/stats", 200),
    ("GET", "/api/logo-cache/files", 200),
    ("GET", "/api/logo-cache/files?limit=0", 422),
    ("GET", "/api/logo-cache/config", 200),
    ("POST", "/api/logo-cache/clear?status=cached", 200),
    ("POST", "/api/logo-cache/clear", 400),
    ("POST", "/api/logo-cache/clear?key=nobody", 404),
    ("GET", "/api/integrations", 200),
    ("GET", "/api/integrations?sort=age&after=a", 400),
    ("GET", "/api/integrations?key=nobody", 404),
    ("GET", "/api/integrations?limit=x", 422),
    ("GET", "/api/integrations/logos/stats", 200),
    ("GET", "/api/integrations/shopify", 200),
    ("GET", "/api/integrations/nobody", 404),
]


@pytest.mark.parametrize(("method", "url", "status"), QUESTIONS)
def test_real_answers_are_what_the_document_says(
    cache: LogoCache, method: str, url: str, status: int
) -> None:
    app = make_app(cache)
    document = app.openapi()
    answer = Client(app).request(method, url, headers=AUTHORISED)
    assert answer.status_code == status
    path = url.partition("?")[0]
    template = path if path in document["paths"] else "/api/integrations/{id}"
    response = document["paths"][template][method.lower()]["responses"][str(status)]
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in response["content"]
    if media_type.endswith("json"):
        schema = resolved(response["content"][media_type]["schema"], document)
        jsonschema.validate(answer.json(), schema)


def test_every_operation_is_asked_in_these_tests(tmp_path: Path) -> None:
    app = make_app(make_bench(tmp_path).open())
    asked = {(method, url.partition("?")[0].replace("/shopify", "/{id}")) for method, url, _ in QUESTIONS}
    assert {(operation.method, operation.path) for operation in operations(app.openapi())} <= asked
