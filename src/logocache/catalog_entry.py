"""One entry of an own catalogue: the rule for each field."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict

from logocache.catalog_files import WrittenEntry, broken
from logocache.domains import canonical_domain, quoted, without_www
from logocache.errors import CatalogError, DomainError, PicklableError

KEY_PATTERN = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")
"""A whole key: lower-case letters, digits and single hyphens, at most 64; fit for a file's name."""
KEY_RULE = "write at most 64 lower-case letters, digits and single hyphens, as in my-company"

SLUG_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
COLOR_PATTERN = re.compile(r"#[0-9A-Fa-f]{6}")
MAX_NAME_LENGTH = 100

INVISIBLE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of surrogate pairs, separators of lines and paragraphs."""
DIRECTION_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class Fields(TypedDict, total=False):
    """The fields of an `Integration` that an entry gives, checked."""

    name: str
    domain: str
    category: str
    aliases: tuple[str, ...]
    icons: Mapping[str, str]
    color: str
    pinned: bool
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEntry:
    """One entry of a file, each field of which obeys its rule."""

    place: str
    """Where it stands, for messages."""
    key: str
    fields: Fields


class _BrokenRuleError(PicklableError):
    """A value breaks the rule of its field."""

    def __init__(self, problem: str, *, hint: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


def checked(entry: WrittenEntry, path: Path) -> CheckedEntry:
    """The entry, with its domains canonical and its file relative to the folder of `path`.

    Raises:
        CatalogError: the key is missing, or a field breaks its rule.
    """
    try:
        if "key" not in entry.values:
            raise _BrokenRuleError("the field 'key' is missing", hint=KEY_RULE)
        key = _matching("key", entry.values["key"], KEY_PATTERN, KEY_RULE)
        return CheckedEntry(place=entry.place, key=key, fields=_fields(entry.values, path.absolute().parent))
    except (_BrokenRuleError, DomainError) as exc:
        raise broken(path, entry.place, exc.problem, hint=exc.hint) from exc


def missing_field(entry: CheckedEntry, field: str, path: Path, *, nearest: str | None) -> CatalogError:
    """The mistake of a new entry that leaves out what only entries for built-in keys may leave out."""
    rule = "a key that is not built in needs key, name and domain"
    hint = f"{rule}; did you mean {nearest}?" if nearest else rule
    return broken(path, entry.place, f"the field '{field}' is missing", hint=hint)


def _fields(values: Mapping[str, object], folder: Path) -> Fields:
    fields: Fields = {}
    if "name" in values:
        fields["name"] = _name(values["name"])
    if "domain" in values:
        fields["domain"] = _domain(_text("domain", values["domain"]))
    if "category" in values:
        fields["category"] = _matching("category", values["category"], KEY_PATTERN, KEY_RULE)
    if "aliases" in values:
        fields["aliases"] = _aliases(values["aliases"])
    if "icons" in values:
        fields["icons"] = _icons(values["icons"])
    if "color" in values:
        fields["color"] = _matching("color", values["color"], COLOR_PATTERN, "write #RRGGBB").upper()
    if "pinned" in values:
        fields["pinned"] = _pinned(values["pinned"])
    if "file" in values:
        fields["file"] = folder / _visible("file", values["file"])
    return fields


def _name(value: object) -> str:
    name = _visible("name", value)
    if len(name) > MAX_NAME_LENGTH:
        raise _BrokenRuleError(
            f"'name' has {len(name)} characters", hint=f"at most {MAX_NAME_LENGTH} are allowed"
        )
    return name


def _domain(text: str) -> str:
    return without_www(canonical_domain(text))


def _aliases(value: object) -> tuple[str, ...]:
    """Other keys, and other domains: what holds a dot."""
    if not isinstance(value, list):
        raise _BrokenRuleError("'aliases' is no list", hint='write ["other-key", "other.example"]')
    return tuple(dict.fromkeys(_alias(_text("aliases", each)) for each in value))


def _alias(text: str) -> str:
    return _domain(text) if "." in text else _matching("aliases", text, KEY_PATTERN, KEY_RULE)


def _icons(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise _BrokenRuleError("'icons' gives no icon sets", hint='write icons.simpleicons = "slug"')
    rule = "write letters, digits, hyphens and underscores"
    icons = {
        _matching("icons", name, SLUG_PATTERN, rule): _matching(f"icons.{name}", slug, SLUG_PATTERN, rule)
        for name, slug in value.items()
    }
    return MappingProxyType(icons)


def _pinned(value: object) -> bool:
    if not isinstance(value, bool):
        raise _BrokenRuleError(f"'pinned'{_shown(value)} is not allowed", hint="write true or false")
    return value


def _matching(field: str, value: object, pattern: re.Pattern[str], rule: str) -> str:
    text = _text(field, value)
    if not pattern.fullmatch(text):
        raise _BrokenRuleError(f"'{field}'{_shown(text)} is not allowed", hint=rule)
    return text


def _visible(field: str, value: object) -> str:
    """A text that is not empty and moves nothing on a terminal or a page."""
    text = _text(field, value).strip()
    if not text:
        raise _BrokenRuleError(f"'{field}' is empty", hint="give it a value, or leave it out")
    for character in text:
        if (
            unicodedata.category(character) in INVISIBLE_CATEGORIES
            or unicodedata.bidirectional(character) in DIRECTION_CONTROLS
        ):
            raise _BrokenRuleError(f"'{field}'{_shown(text)} holds control characters", hint="remove them")
    return text


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise _BrokenRuleError(f"'{field}' is not a text", hint='write it in "quotes"')
    return value


def _shown(value: object) -> str:
    """A value as a message may show it; nothing for lists and tables."""
    return f" = {quoted(value)}" if isinstance(value, str) else ""
