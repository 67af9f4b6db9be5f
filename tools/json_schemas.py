"""JSON Schemas of the `--json` documents, made from the result types.

`python tools/json_schemas.py` writes them to docs/schemas/; a test compares.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from logocache.documents import SCHEMA_VERSION
from logocache.results import (
    CacheStats,
    ClearReport,
    FetchReport,
    IconSets,
    Listing,
    VerifyReport,
)

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
DOCUMENTS: Mapping[str, type] = {
    "init": FetchReport,
    "refresh": FetchReport,
    "stats": CacheStats,
    "list": Listing,
    "clear": ClearReport,
    "verify": VerifyReport,
    "icons": IconSets,
}

Schema = dict[str, Any]
"""JSON Schema is JSON of any shape."""


def schema_of(command: str) -> Schema:
    """The schema of what `logocache COMMAND --json` writes. Further fields are allowed."""
    made = TypeAdapter[object](DOCUMENTS[command]).json_schema(mode="serialization")
    for described in (made, *made.get("$defs", {}).values()):
        _complete(described)
    first = {"schema_version": {"const": SCHEMA_VERSION}, "command": {"const": command}}
    made["properties"] = first | {
        name: each for name, each in made["properties"].items() if name not in first
    }
    made["required"] = list(made["properties"])
    heading = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"logocache {command} --json",
        "description": "docs/json.md tells what each field means.",
    }
    return heading | {name: each for name, each in made.items() if name not in heading}


def objects(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The document itself, named by its command, and each kind of object in it."""
    yield schema["properties"]["command"]["const"], schema
    for name, described in schema.get("$defs", {}).items():
        if "properties" in described:
            yield name, described


def text_of(schema: Schema) -> str:
    return json.dumps(schema, indent=2) + "\n"


def _complete(described: Schema) -> None:
    """Every field is always written; titles and defaults would only repeat names and confuse."""
    described.pop("description", None)
    properties: dict[str, Schema] = described.get("properties", {})
    for property_ in properties.values():
        property_.pop("title", None)
        property_.pop("default", None)
    if properties:
        described["required"] = list(properties)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for document in DOCUMENTS:
        (FOLDER / f"{document}.json").write_text(text_of(schema_of(document)), encoding="utf-8")
