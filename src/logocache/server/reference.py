"""Pure: an OpenAPI document, read for a page that people read."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logocache.server.wording import label

Fragment = Mapping[str, Any]
"""A piece of an OpenAPI document: JSON objects of as many shapes as the specification has."""

METHODS = ("get", "put", "post", "delete", "patch")
SECTIONS = ("logos", "integrations", "maintenance", "probes")
"""Tags in the order of what people look for; others follow."""
SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What values something has."""

    text: str
    """`integer`, `list of Entry`, `string or null`."""
    bounds: str = ""
    """`16 to 512`; empty for none."""
    values: tuple[str, ...] = ()
    """All that there are, when they are few."""
    schema: str | None = None
    """The schema that says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    name: str
    place: str
    """`path`, `query` or `header`."""
    required: bool
    kind: Kind
    default: str | None
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: str
    description: str
    media_types: tuple[str, ...]
    schema: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    anchor: str
    method: str
    path: str
    summary: str
    paragraphs: tuple[str, ...]
    needs_token: bool
    parameters: tuple[Parameter, ...]
    answers: tuple[Answer, ...]
    example: str
    """A command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    title: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    name: str
    kind: Kind
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A JSON object that is sent."""

    name: str
    description: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    sections: tuple[Section, ...]
    documents: tuple[Document, ...]


def read(openapi: Fragment, *, prefix: str, base: str) -> Reference:
    """What lies under `prefix` (empty, or `/logos`); `base` is the URL at which the application is."""
    schemas: Fragment = openapi.get("components", {}).get("schemas", {})
    examples = dict(_examples(openapi))
    grouped: dict[str, list[Operation]] = {}
    for path, method, fragment in _operations(openapi, prefix):
        operation = _operation(path, method, fragment, schemas, base=base, examples=examples)
        grouped.setdefault((fragment.get("tags") or ["other"])[0], []).append(operation)
    order = sorted(grouped, key=lambda tag: SECTIONS.index(tag) if tag in SECTIONS else len(SECTIONS))
    sections = tuple(Section(title=label(tag), operations=tuple(grouped[tag])) for tag in order)
    return Reference(sections=sections, documents=_documents(sections, schemas))


def kind_of(schema: Fragment, schemas: Fragment) -> Kind:
    """What a JSON schema lets pass, in words."""
    match schema:
        case {"$ref": str(reference)}:
            name = reference.removeprefix(SCHEMAS)
            target: Fragment = schemas.get(name, {})
            return kind_of(target, schemas) if "enum" in target else Kind(text=name, schema=name)
        case {"anyOf": [*options]}:
            return _either([kind_of(option, schemas) for option in options])
        case {"enum": [*values]}:
            return Kind(text=str(schema.get("type", "value")), values=tuple(map(str, values)))
        case {"const": value}:
            return Kind(text=str(schema.get("type", "value")), values=(str(value),))
        case {"type": "array", "items": items}:
            item = kind_of(items, schemas)
            return Kind(text=f"list of {item.text}", values=item.values, schema=item.schema)
        case {"type": "string", "format": str(form)}:
            return Kind(text=form)
        case _:
            return Kind(text=str(schema.get("type", "any value")), bounds=_bounds(schema))


def _operations(openapi: Fragment, prefix: str) -> Iterator[tuple[str, str, Fragment]]:
    for path, methods in openapi.get("paths", {}).items():
        if not path.startswith(f"{prefix}/"):
            continue
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _operation(
    path: str,
    method: str,
    fragment: Fragment,
    schemas: Fragment,
    *,
    base: str,
    examples: Mapping[str, str],
) -> Operation:
    answers = tuple(_answer(status, each) for status, each in sorted(fragment.get("responses", {}).items()))
    needs_token = bool(fragment.get("security"))
    return Operation(
        anchor=fragment.get("operationId", f"{method}-{path}"),
        method=method.upper(),
        path=path,
        summary=fragment.get("summary", ""),
        paragraphs=tuple(each for each in fragment.get("description", "").split("\n\n") if each),
        needs_token=needs_token,
        parameters=tuple(_parameter(each, schemas) for each in fragment.get("parameters", ())),
        answers=answers,
        example=_command(method, base + _filled(path, examples), answers, needs_token=needs_token),
    )


def _parameter(fragment: Fragment, schemas: Fragment) -> Parameter:
    schema: Fragment = fragment.get("schema", {})
    default = schema.get("default")
    return Parameter(
        name=fragment["name"],
        place=fragment["in"],
        required=bool(fragment.get("required")),
        kind=kind_of(_given(schema), schemas),
        default=None if default in (None, []) else json.dumps(default).strip('"'),
        description=fragment.get("description", ""),
    )


def _given(schema: Fragment) -> Fragment:
    """What a parameter that is given can be: no address can hold a null."""
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return {**schema, "anyOf": options} if options else schema


def _answer(status: str, fragment: Fragment) -> Answer:
    content: Fragment = fragment.get("content", {})
    references = [each.get("schema", {}).get("$ref", "") for each in content.values()]
    return Answer(
        status=status,
        description=fragment.get("description", ""),
        media_types=tuple(content),
        schema=next((each.removeprefix(SCHEMAS) for each in references if each), None),
    )


def _documents(sections: Sequence[Section], schemas: Fragment) -> tuple[Document, ...]:
    """The schemas that the operations need, and those that these need."""
    wanted = [
        answer.schema
        for section in sections
        for operation in section.operations
        for answer in operation.answers
        if answer.schema
    ]
    found: dict[str, Document] = {}
    while wanted:
        name = wanted.pop(0)
        if name in found or name not in schemas:
            continue
        found[name] = _document(name, schemas[name], schemas)
        wanted += [each.kind.schema for each in found[name].properties if each.kind.schema]
    return tuple(sorted(found.values(), key=lambda document: document.name))


def _document(name: str, schema: Fragment, schemas: Fragment) -> Document:
    properties = tuple(
        Property(name=each, kind=kind_of(value, schemas), description=value.get("description", ""))
        for each, value in schema.get("properties", {}).items()
    )
    return Document(name=name, description=schema.get("description", ""), properties=properties)


def _either(kinds: Sequence[Kind]) -> Kind:
    return Kind(
        text=" or ".join(dict.fromkeys(kind.text for kind in kinds)),
        bounds=next((kind.bounds for kind in kinds if kind.bounds), ""),
        values=tuple(value for kind in kinds for value in kind.values),
        schema=next((kind.schema for kind in kinds if kind.schema), None),
    )


def _bounds(schema: Fragment) -> str:
    match schema:
        case {"minimum": low, "maximum": high}:
            return f"{low} to {high}"
        case {"minimum": low}:
            return f"at least {low}"
        case {"maximum": high}:
            return f"at most {high}"
        case _:
            return ""


def _examples(openapi: Fragment) -> Iterator[tuple[str, str]]:
    """The first example of each parameter that has some, whichever operation gives it."""
    for _, _, fragment in _operations(openapi, ""):
        for parameter in fragment.get("parameters", ()):
            examples = parameter.get("schema", {}).get("examples") or [parameter.get("example")]
            if isinstance(examples[0], str):
                yield parameter["name"], examples[0]


def _filled(path: str, examples: Mapping[str, str]) -> str:
    for name, value in examples.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _command(method: str, url: str, answers: Sequence[Answer], *, needs_token: bool) -> str:
    words = ["curl"]
    if method != "get":
        words += ["-X", method.upper()]
    if needs_token:
        words += ["-H", '"Authorization: Bearer $LOGO_CACHE_ADMIN_TOKEN"']
    if any(each.startswith("image/") for answer in answers for each in answer.media_types):
        words += ["-o", "logo.png"]
    return " ".join((*words, shlex.quote(url)))
