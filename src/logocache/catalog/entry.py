"""One entry of an own catalogue: the rule for each field."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, FailFast, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from logocache.catalog.formats import WrittenEntry, broken
from logocache.domains import canonical_domain, quoted, without_www
from logocache.errors import CatalogError, DomainError

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
Alias = Annotated[str, AfterValidator(_alias)]
Visible = Annotated[str, AfterValidator(_visible)]


class _Fields(BaseModel):
    """The fields of an entry. Those with a default are optional."""

    model_config = ConfigDict(strict=True)

    key: Key
    name: Annotated[Visible, AfterValidator(_short)] = ""
    domain: Annotated[str, AfterValidator(_domain)] = ""
    category: Key = ""
    aliases: Annotated[
        list[Alias], FailFast(), AfterValidator(lambda names: tuple(dict.fromkeys(names)))
    ] = []
    icons: Annotated[dict[Slug, Slug], BeforeValidator(_few), AfterValidator(MappingProxyType)] = {}
    color: Annotated[str, _text(COLOR_PATTERN, "write #RRGGBB"), AfterValidator(str.upper)] = ""
    prefer: Annotated[Slug, AfterValidator(str.lower)] = ""
    pinned: bool = False
    file: Visible = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEntry:
    """A valid entry of a file."""

    place: str
    """Its position in the file, for messages."""
    key: str
    fields: Mapping[str, Any]
    """The fields of an `Integration` that it sets; `Any`, because they differ in type."""


def checked(entry: WrittenEntry, path: Path) -> CheckedEntry:
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
    fields = {name: getattr(given, name) for name in given.model_fields_set - {"key"}}
    if given.file:
        fields["file"] = path.absolute().parent / given.file
    return CheckedEntry(place=entry.place, key=given.key, fields=fields)


def missing_field(entry: CheckedEntry, field: str, path: Path, *, nearest: str | None) -> CatalogError:
    """The error of a new entry without a field that is optional only for built-in keys."""
    rule = "a key that is not built in needs key, name and domain"
    hint = f"{rule}; did you mean {nearest}?" if nearest else rule
    return broken(path, entry.place, f"the field '{field}' is missing", hint=hint)


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
