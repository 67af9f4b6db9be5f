"""An own catalogue: its file (TOML, JSON or CSV), and the rule for each field of an entry."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, FailFast, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from logocache.domains import canonical_domain, quoted, without_www
from logocache.errors import CatalogError, DomainError
from logocache.settings.sources import parse_toml, read_input

LONGEST_REASON = 200
MAX_BYTES = 4_000_000
"""Enough for 40,000 entries, which are read in a few seconds."""
FIELDS = ("key", "name", "domain", "category", "aliases", "color", "prefer", "pinned", "file", "icons")
ICONS_PREFIX = "icons."
"""In a CSV header, precedes the name of an icon set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a file; its values, by field, are as written, or those of an `Integration`."""

    place: str
    """Its position in the file, for messages: `line 3`, `entry 'acme'`, `entry 2 ('acme')`."""
    values: Mapping[str, Any]
    """Without empty ones (JSON `null`, an empty cell)."""

    @property
    def key(self) -> str:
        return str(self.values["key"])


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The entries of a catalogue file, in its order.

    Raises:
        CatalogError: it cannot be read, is too large, or is not in the format of its extension; or an
            entry has an unknown field.
    """
    readers = {".toml": _read_toml, ".json": _read_json, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise CatalogError(f"{path} is not a catalogue", hint="its name must end in .toml, .json or .csv")
    return tuple(reader(path, _text_of(path)))


def broken(path: Path, place: str, problem: str, *, hint: str) -> CatalogError:
    """The error for a problem at one place of a catalogue file."""
    return CatalogError(f"{path}, {place}: {problem}", hint=hint)


def _text_of(path: Path) -> str:
    try:
        content = read_input(path, most=MAX_BYTES)
    except OSError as exc:
        problem = f"the catalogue {path} cannot be read ({exc.strerror or exc})"
        raise CatalogError(problem, hint="name a readable TOML, JSON or CSV file") from exc
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise broken(path, f"line {line}", "the text is not in UTF-8", hint="save the file in UTF-8") from exc


def _read_toml(path: Path, text: str) -> Iterator[Entry]:
    """Tables `[integration.<key>]`."""
    try:
        document: Mapping[str, object] = parse_toml(text)
    except ValueError as exc:  # not only TOMLDecodeError: a number of 5,000 digits
        raise CatalogError(f"{path} is not TOML", hint=_reason(exc)) from exc
    for name in document:
        if name != "integration":
            raise broken(path, f"table {quoted(name)}", "it is unknown", hint="write [integration.<key>]")
    tables = document.get("integration", {})
    if not isinstance(tables, dict):
        raise CatalogError(f"{path} has no tables of integrations", hint="write [integration.<key>]")
    for key, table in tables.items():
        place = f"entry {quoted(key)}"
        if not isinstance(table, dict):
            raise broken(path, place, "it is not a table", hint="write [integration.<key>]")
        if "key" in table:
            raise broken(path, place, "unknown field 'key'", hint="the key stands in the table's header")
        yield _entry(path, place, {"key": key, **table})


def _read_json(path: Path, text: str) -> Iterator[Entry]:
    """A list of objects, or an object with this list as `integrations`."""
    try:
        document: object = json.loads(text, object_pairs_hook=_object_of)
    except json.JSONDecodeError as exc:
        raise broken(path, f"line {exc.lineno}", "it is not JSON", hint=_reason(exc)) from exc
    except (ValueError, RecursionError) as exc:  # a duplicate field, a number of 5,000 digits
        raise CatalogError(f"{path} is not JSON that can be used", hint=_reason(exc)) from exc
    if isinstance(document, dict) and document.keys() == {"integrations"}:
        document = document["integrations"]
    if not isinstance(document, list):
        hint = 'write [{…}, …] or {"integrations": [{…}, …]}'
        raise CatalogError(f"{path} has no list of integrations", hint=hint)
    for number, values in enumerate(document, start=1):
        if not isinstance(values, dict):
            raise broken(path, f"entry {number}", "it is not an object", hint='write {"key": …, "name": …}')
        key = values.get("key")
        place = f"entry {number} ({quoted(key)})" if isinstance(key, str) else f"entry {number}"
        yield _entry(path, place, values)


def _read_csv(path: Path, text: str) -> Iterator[Entry]:
    """A header of field names, then one row per entry; aliases are separated by spaces."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        header = [cell.strip() for cell in next(rows, [])]
        _check_header(path, header)
        line = rows.line_num + 1
        for cells in rows:
            if len(cells) > len(header):
                problem = f"it has {len(cells)} cells and the header {len(header)}"
                raise broken(path, f"line {line}", problem, hint='put what holds a comma into "quotes"')
            if any(cell.strip() for cell in cells):
                yield Entry(place=f"line {line}", values=_values_of(header, cells))
            line = rows.line_num + 1
    except csv.Error as exc:
        raise broken(path, f"line {line}", "it is not CSV", hint=_reason(exc)) from exc


def _entry(path: Path, place: str, values: Mapping[str, object]) -> Entry:
    for field in values:
        if field not in FIELDS:
            fields = ", ".join(FIELDS)
            raise broken(path, place, f"unknown field {quoted(field)}", hint=f"the fields are {fields}")
    given = {field: value for field, value in values.items() if value is not None}
    return Entry(place=place, values=given)


def _object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object without duplicate members, of which the standard library would keep the last."""
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"one object has the field {quoted(name)} twice")
        members[name] = value
    return members


def _check_header(path: Path, header: list[str]) -> None:
    fields = (*(field for field in FIELDS if field != "icons"), "icons.<set>")
    rule = f"the columns are {', '.join(fields)}, separated by commas"
    seen: set[str] = set()
    for column in header:
        if column not in fields[:-1] and not re.fullmatch(r"icons\..+", column):
            raise broken(path, "line 1", f"unknown column {quoted(column)}", hint=rule)
        if column in seen:
            raise broken(path, "line 1", f"two columns are called {quoted(column)}", hint=rule)
        seen.add(column)
    if "key" not in seen:
        raise broken(path, "line 1", "there is no column 'key'", hint=rule)


def _values_of(header: Iterable[str], cells: Iterable[str]) -> dict[str, object]:
    """The values of non-empty cells, with the types of the other formats."""
    values: dict[str, object] = {}
    icons: dict[str, str] = {}
    for column, cell in zip(header, cells, strict=False):  # a short row omits its last cells
        text = cell.strip()
        if text and column.startswith(ICONS_PREFIX):
            icons[column.removeprefix(ICONS_PREFIX)] = text
        elif text:
            values[column] = text
    if aliases := values.get("aliases"):
        values["aliases"] = str(aliases).split()
    if pinned := values.get("pinned"):
        values["pinned"] = {"true": True, "false": False}.get(str(pinned).lower(), pinned)
    return {**values, "icons": icons} if icons else values


def _reason(exc: Exception) -> str:
    """A parser's message, cut to `LONGEST_REASON` characters."""
    text = "it is nested too deep" if isinstance(exc, RecursionError) else str(exc)
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 3]}..."


KEY_PATTERN = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")
"""A whole key: at most 64 lower-case letters, digits and single hyphens; valid as a file name."""
KEY_RULE = "write at most 64 lower-case letters, digits and single hyphens, as in my-company"
SLUG_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
COLOR_PATTERN = re.compile(r"#[0-9A-Fa-f]{6}")
MAX_NAME_LENGTH = 100
MAX_ICON_SETS = 100
INVISIBLE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, lone surrogates, line and paragraph separators."""
DIRECTION_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def _problem(problem: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("rule", "{problem}", {"problem": problem, "hint": hint})


def _matching(text: str, *, pattern: re.Pattern[str], rule: str) -> str:
    if not pattern.fullmatch(text):
        raise _problem(f" = {quoted(text)} is not allowed", rule)
    return text


def _visible(text: str) -> str:
    """The stripped text; not empty, and without characters that control a terminal or text direction."""
    text = text.strip()
    if not text:
        raise _problem(" is empty", "give it a value, or leave it out")
    if any(
        unicodedata.category(character) in INVISIBLE_CATEGORIES
        or unicodedata.bidirectional(character) in DIRECTION_CONTROLS
        for character in text
    ):
        raise _problem(f" = {quoted(text)} holds control characters", "remove them")
    return text


def _short(name: str) -> str:
    if len(name) > MAX_NAME_LENGTH:
        raise _problem(f" has {len(name)} characters", f"at most {MAX_NAME_LENGTH} are allowed")
    return name


def _few(sets: object) -> object:
    """Limit the number before validation: pydantic collects the errors of all."""
    if isinstance(sets, dict) and len(sets) > MAX_ICON_SETS:
        raise _problem(f" names {len(sets)} icon sets", f"at most {MAX_ICON_SETS} are allowed")
    return sets


def _domain(text: str) -> str:
    return without_www(canonical_domain(text))


def _alias(text: str) -> str:
    """Another domain if it contains a dot, else another key."""
    return _domain(text) if "." in text else _matching(text, pattern=KEY_PATTERN, rule=KEY_RULE)


def _text(pattern: re.Pattern[str], rule: str) -> AfterValidator:
    return AfterValidator(partial(_matching, pattern=pattern, rule=rule))


Key = Annotated[str, _text(KEY_PATTERN, KEY_RULE)]
Slug = Annotated[str, _text(SLUG_PATTERN, "write letters, digits, hyphens and underscores")]
Visible = Annotated[str, AfterValidator(_visible)]


class _Fields(BaseModel):
    """The fields of an entry. Those with a default are optional."""

    model_config = ConfigDict(strict=True, defer_build=True)  # few caches have a catalogue of their own

    key: Key
    name: Annotated[Visible, AfterValidator(_short)] = ""
    domain: Annotated[str, AfterValidator(_domain)] = ""
    category: Key = ""
    aliases: Annotated[
        list[Annotated[str, AfterValidator(_alias)]],
        FailFast(),
        AfterValidator(lambda names: tuple(dict.fromkeys(names))),
    ] = []
    icons: Annotated[dict[Slug, Slug], BeforeValidator(_few), AfterValidator(MappingProxyType)] = {}
    color: Annotated[str, _text(COLOR_PATTERN, "write #RRGGBB"), AfterValidator(str.upper)] = ""
    prefer: Annotated[Slug, AfterValidator(str.lower)] = ""
    pinned: bool = False
    file: Visible = ""


def checked(entry: Entry, path: Path) -> Entry:
    """The validated entry, with canonical domains, and its file relative to the folder of `path`.

    Raises:
        CatalogError: the key is missing, or a field breaks its rule.
    """
    try:
        given = _Fields.model_validate(entry.values)
    except ValidationError as exc:
        problem, hint = _problem_and_hint(exc.errors(include_url=False)[0])
        raise broken(path, entry.place, problem, hint=hint) from exc
    except DomainError as exc:
        raise broken(path, entry.place, exc.problem, hint=exc.hint) from exc
    values = {name: getattr(given, name) for name in given.model_fields_set}
    if given.file:
        values["file"] = path.absolute().parent / given.file
    return Entry(place=entry.place, values=values)


def _problem_and_hint(error: ErrorDetails) -> tuple[str, str]:
    """The problem, and what to write instead."""
    where = [part for part in error["loc"] if isinstance(part, str)]
    field = where[0] if where[-1] == "[key]" else ".".join(where)
    match error["type"]:
        case "rule":
            return f"'{field}'{error['ctx']['problem']}", error["ctx"]["hint"]
        case "missing":
            return f"the field '{field}' is missing", KEY_RULE
        case "list_type":
            return f"'{field}' is not a list", 'write ["other-key", "other.example"]'
        case "dict_type":
            return f"'{field}' has no icon sets", 'write icons.simpleicons = "slug"'
        case "bool_type":
            shown = f" = {quoted(error['input'])}" if isinstance(error["input"], str) else ""
            return f"'{field}'{shown} is not allowed", "write true or false"
        case "string_unicode":
            return f"'{field}' = {quoted(error['input'])} holds control characters", "remove them"
        case _:
            return f"'{field}' is not a text", 'write it in "quotes"'
