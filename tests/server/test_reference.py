from typing import Any

import pytest

from logocache.server.reference import Kind, kind_of, read

SCHEMAS: dict[str, Any] = {
    "Colour": {"type": "string", "enum": ["red", "blue"]},
    "Logo": {"properties": {"owner": {"$ref": "#/components/schemas/Owner"}}, "description": "A logo."},
    "Owner": {"properties": {"logos": {"type": "array", "items": {"$ref": "#/components/schemas/Logo"}}}},
    "Unused": {"properties": {}},
}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/x/probe": {"get": {"tags": ["probes"], "summary": "Whether it works"}},
        "/x/logos/{key}": {
            "get": {
                "operationId": "get_logo",
                "tags": ["logos"],
                "description": "One.\n\nTwo.",
                "parameters": [
                    {
                        "name": "key",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "examples": ["a&b"]},
                    },
                    {
                        "name": "size",
                        "in": "query",
                        "description": "In pixels.",
                        "schema": {"anyOf": [{"type": "integer", "minimum": 16}, {"type": "null"}]},
                    },
                    {"name": "form", "in": "query", "schema": {"type": "string", "default": "png"}},
                ],
                "responses": {
                    "404": {"description": "None."},
                    "200": {
                        "description": "It.",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Logo"}},
                            "image/png": {},
                        },
                    },
                },
            },
            "delete": {"tags": ["logos"], "security": [{"adminToken": []}]},
            "parameters": [],
        },
        "/y/elsewhere": {"get": {}},
        "/xy": {"get": {}},
    },
    "components": {"schemas": SCHEMAS},
}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        pytest.param(
            {"type": "integer", "minimum": 16, "maximum": 512},
            Kind(text="integer", bounds="16 to 512"),
            id="bounds",
        ),
        pytest.param({"type": "number", "maximum": 1}, Kind(text="number", bounds="at most 1"), id="maximum"),
        pytest.param(
            {"type": "number", "minimum": 0}, Kind(text="number", bounds="at least 0"), id="minimum"
        ),
        pytest.param({"type": "string", "format": "date-time"}, Kind(text="date-time"), id="format"),
        pytest.param(
            {"$ref": "#/components/schemas/Colour"}, Kind(text="string", values=("red", "blue")), id="enum"
        ),
        pytest.param({"$ref": "#/components/schemas/Logo"}, Kind(text="Logo", schema="Logo"), id="document"),
        pytest.param({"const": 1, "type": "integer"}, Kind(text="integer", values=("1",)), id="constant"),
        pytest.param(
            {"type": "array", "items": {"$ref": "#/components/schemas/Logo"}},
            Kind(text="list of Logo", schema="Logo"),
            id="list",
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "null"}]}, Kind(text="string or null"), id="nullable"
        ),
        pytest.param({}, Kind(text="any value"), id="anything"),
    ],
)
def test_schemas_become_words(schema: dict[str, Any], kind: Kind) -> None:
    assert kind_of(schema, SCHEMAS) == kind


def test_only_what_lies_under_the_prefix_is_read_logos_first() -> None:
    sections = read(DOCUMENT, prefix="/x", base="").sections
    assert [(section.title, [each.path for each in section.operations]) for section in sections] == [
        ("Logos", ["/x/logos/{key}", "/x/logos/{key}"]),
        ("Probes", ["/x/probe"]),
    ]
    everything = read(DOCUMENT, prefix="", base="").sections
    assert [section.title for section in everything] == ["Logos", "Probes", "Other"]


def test_an_operation_has_its_parameters_answers_and_an_example() -> None:
    operation, removal = read(DOCUMENT, prefix="/x", base="http://h:1").sections[0].operations
    key, size, form = operation.parameters
    assert operation.paragraphs == ("One.", "Two.")
    assert (key.required, key.place) == (True, "path")
    assert size.kind == Kind(text="integer", bounds="at least 16")
    assert (size.default, form.default) == (None, "png")
    assert [(each.status, each.schema) for each in operation.answers] == [("200", "Logo"), ("404", None)]
    assert operation.example == "curl -o logo.png 'http://h:1/x/logos/a&b'"
    assert removal.example == (
        "curl -X DELETE -H \"Authorization: Bearer $LOGO_CACHE_ADMIN_TOKEN\" 'http://h:1/x/logos/a&b'"
    )
    assert removal.anchor == "delete-/x/logos/{key}"


def test_documents_are_those_that_are_sent_and_what_these_hold() -> None:
    documents = read(DOCUMENT, prefix="/x", base="").documents
    assert [document.name for document in documents] == ["Logo", "Owner"]
    assert documents[0].description == "A logo."
    assert documents[1].properties[0].kind.text == "list of Logo"


def test_an_empty_document_is_an_empty_page() -> None:
    assert read({}, prefix="", base="").sections == ()
