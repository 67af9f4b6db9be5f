"""Readers for the files of an own catalogue (TOML, JSON, CSV)."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from logocache.domains import quoted
from logocache.errors import CatalogError
from logocache.settings.sources import parse_toml, read_input

MAX_BYTES = 4_000_000
"""Enough for 40,000 entries, which are read in a few seconds."""
MAX_REASON_LENGTH = 200
FIELDS = ("key", "name", "domain", "category", "aliases", "color", "prefer", "pinned", "file", "icons")
ICONS_PREFIX = "icons."
"""In a CSV header, precedes the name of an icon set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEntry:
    """One entry of a file; its values are not validated yet."""

    place: str
    """Its position in the file, for messages: `line 3`, `entry 'acme'`, `entry 2 ('acme')`."""
    values: Mapping[str, object]
    """By field, without empty ones (JSON `null`, an empty cell)."""


def read_entries(path: Path) -> tuple[WrittenEntry, ...]:
    """The entries of a catalogue file, in its order.

    Raises:
        CatalogError: it cannot be read, is too large, or is not in the format of its extension; or an
            entry has an unknown field.
    """
    reader = READERS.get(path.suffix.lower())
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
        raise CatalogError(
            f"the catalogue {path} cannot be read ({exc.strerror or exc})",
            hint="name a readable TOML, JSON or CSV file",
        ) from exc
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise broken(path, f"line {line}", "the text is not in UTF-8", hint="save the file in UTF-8") from exc


def _read_toml(path: Path, text: str) -> Iterator[WrittenEntry]:
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


def _read_json(path: Path, text: str) -> Iterator[WrittenEntry]:
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
        raise CatalogError(
            f"{path} has no list of integrations", hint='write [{…}, …] or {"integrations": [{…}, …]}'
        )
    for number, values in enumerate(document, start=1):
        if not isinstance(values, dict):
            raise broken(path, f"entry {number}", "it is not an object", hint='write {"key": …, "name": …}')
        key = values.get("key")
        place = f"entry {number} ({quoted(key)})" if isinstance(key, str) else f"entry {number}"
        yield _entry(path, place, values)


def _read_csv(path: Path, text: str) -> Iterator[WrittenEntry]:
    """A header of field names, then one row per entry; aliases are separated by spaces."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        header = [cell.strip() for cell in next(rows, [])]
        _check_header(path, header)
        line = rows.line_num + 1
        for cells in rows:
            if len(cells) > len(header):
                raise broken(
                    path,
                    f"line {line}",
                    f"it has {len(cells)} cells and the header {len(header)}",
                    hint='put a value that holds a comma into "quotes"',
                )
            if any(cell.strip() for cell in cells):
                yield WrittenEntry(place=f"line {line}", values=_values_of(header, cells))
            line = rows.line_num + 1
    except csv.Error as exc:
        raise broken(path, f"line {line}", "it is not CSV", hint=_reason(exc)) from exc


def _entry(path: Path, place: str, values: Mapping[str, object]) -> WrittenEntry:
    for field in values:
        if field not in FIELDS:
            raise broken(
                path, place, f"unknown field {quoted(field)}", hint=f"the fields are {', '.join(FIELDS)}"
            )
    given = {field: value for field, value in values.items() if value is not None}
    return WrittenEntry(place=place, values=given)


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
        if column not in fields[:-1] and not _is_icon_column(column):
            raise broken(path, "line 1", f"unknown column {quoted(column)}", hint=rule)
        if column in seen:
            raise broken(path, "line 1", f"two columns are called {quoted(column)}", hint=rule)
        seen.add(column)
    if "key" not in seen:
        raise broken(path, "line 1", "there is no column 'key'", hint=rule)


def _is_icon_column(column: str) -> bool:
    return column.startswith(ICONS_PREFIX) and column != ICONS_PREFIX


def _values_of(header: Iterable[str], cells: Iterable[str]) -> dict[str, object]:
    """The values of non-empty cells, with the types of the other formats."""
    values: dict[str, object] = {}
    icons: dict[str, str] = {}
    for column, cell in zip(header, cells, strict=False):  # a short row omits its last cells
        text = cell.strip()
        if text and _is_icon_column(column):
            icons[column.removeprefix(ICONS_PREFIX)] = text
        elif text:
            values[column] = _value_of(column, text)
    return {**values, "icons": icons} if icons else values


def _value_of(column: str, text: str) -> object:
    match column:
        case "aliases":
            return text.split()
        case "pinned":
            return {"true": True, "false": False}.get(text.lower(), text)
        case _:
            return text


def _reason(exc: Exception) -> str:
    """A parser's message, cut to `MAX_REASON_LENGTH` characters."""
    if isinstance(exc, RecursionError):
        return "it is nested too deep"
    text = str(exc)
    return text if len(text) <= MAX_REASON_LENGTH else f"{text[: MAX_REASON_LENGTH - 3]}..."


READERS: Mapping[str, Callable[[Path, str], Iterator[WrittenEntry]]] = {
    ".toml": _read_toml,
    ".json": _read_json,
    ".csv": _read_csv,
}
