"""The JSON documents, their schemas, and their description in docs/json.md are one."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

import json_schemas
from harness.results import BROKEN, FETCHED, ICON_SETS, LISTING, PLAN, STATS, VERIFIED
from logocache.documents import document_of
from logocache.results import ClearReport, Listing, Result

pytestmark = pytest.mark.docs

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
CLEARED = ClearReport(
    dry_run=False,
    logos=PLAN.logos,
    orphans=PLAN.orphans,
    pinned_kept=PLAN.pinned_kept,
    freed_bytes=PLAN.freed_bytes,
)
SAMPLES = [
    pytest.param("init", FETCHED, id="init"),
    pytest.param("stats", STATS, id="stats"),
    pytest.param("list", LISTING, id="list"),
    pytest.param("list", Listing(entries=(), matching=0), id="empty list"),
    pytest.param("clear", CLEARED, id="clear"),
    pytest.param("verify", VERIFIED, id="verify"),
    pytest.param("verify", BROKEN, id="verify with findings"),
    pytest.param("icons", ICON_SETS, id="icons"),
]
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)


@pytest.mark.parametrize("command", json_schemas.DOCUMENTS)
def test_committed_schemas_are_those_of_the_result_types(command: str) -> None:
    """`python tools/json_schemas.py` writes them anew."""
    committed = (json_schemas.FOLDER / f"{command}.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json_schemas.schema_of(command)


@pytest.mark.parametrize(("command", "result"), SAMPLES)
def test_what_is_written_fits_its_schema(command: str, result: Result) -> None:
    jsonschema.validate(document_of(result), json_schemas.schema_of(command))


@pytest.mark.parametrize(("command", "result"), SAMPLES)
def test_further_fields_may_come_but_none_may_go(command: str, result: Result) -> None:
    schema, document = json_schemas.schema_of(command), document_of(result)
    jsonschema.validate(document | {"new_field": 1}, schema)
    for name in document:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({key: value for key, value in document.items() if key != name}, schema)


@pytest.mark.parametrize("command", json_schemas.DOCUMENTS)
def test_the_page_names_every_field_with_its_type(command: str) -> None:
    for name, described in json_schemas.objects(json_schemas.schema_of(command)):
        expected = {field: type_of(each) for field, each in described["properties"].items()}
        assert documented(heading_of(name)) == expected


def heading_of(name: str) -> str:
    """`init` and `refresh` share a section; kinds of objects have their own."""
    return "init and refresh" if name in {"init", "refresh"} else name


def documented(heading: str) -> dict[str, str]:
    """The fields and types in the table under `heading`, in their order."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(f"# {heading}\n")
    assert found, f"docs/json.md has no section {heading}"
    return {name: kind.strip() for name, kind in ROW.findall(rest.partition("\n#")[0])}


def type_of(field: json_schemas.Schema) -> str:
    """The page's name of the type that a schema gives a field."""
    if "anyOf" in field:
        return " or ".join(type_of(item) for item in field["anyOf"])
    if "const" in field:
        return "integer" if isinstance(field["const"], int) else "string"
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if field.get("format") == "date-time":
        return "time"
    if field["type"] == "array":
        return f"array of {type_of(field['items'])}"
    if field["type"] == "object":
        return f"object of {type_of(field['additionalProperties'])}"
    return str(field["type"])
