"""The catalogue: the built-in integrations, and the operator's own."""

import csv
import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType

from logocache.catalog.own import (
    ICONS_PREFIX,
    KEY_PATTERN,
    Entry,
    broken,
    checked,
    read_entries,
)
from logocache.domains import canonical_domain, has_known_suffix, registrable_domain
from logocache.errors import DomainError
from logocache.model import Integration, Origin

__all__ = ["KEY_PATTERN", "Catalog", "builtin_catalog", "load_catalog"]

BUILTIN_FILE = Path(__file__).with_name("catalog.csv")
"""In the format of own catalogues. Each start reads it, and CSV takes a tenth of the time of TOML."""
CUSTOM_CATEGORY = "custom"
MAX_COMPARED_LENGTH = 253
"""Characters of a text that are compared with names: no domain is longer."""
NEARNESS = 0.75
"""Smallest similarity of a suggestion, 0 to 1 (`difflib`). Lower, and every short name is similar."""


@dataclass(frozen=True)
class Catalog:
    """Ordered integrations, with lookup by name. Keys are unique; domains need not be."""

    integrations: tuple[Integration, ...]
    _by_name: Mapping[str, Integration] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", dict(reversed(_names(self.integrations))))

    def __len__(self) -> int:
        return len(self.integrations)

    def __iter__(self) -> Iterator[Integration]:
        return iter(self.integrations)

    def find(self, name: str) -> Integration | None:
        """The integration that `named` finds, else the one that the name means; None for neither.

        A host means the integration of the nearest domain above it of the same owner. Any other text means
        the one whose key, alias, name or domain has the same letters and digits, with or without last
        words that say a deployment (`folded_forms`). A public domain is never taken for a similar name.
        """
        exact = self.named(name)
        if exact is not None:
            return exact
        domain = domain_in(name) if "." in name else None
        if domain is not None:
            found = (self._by_name.get(parent) for parent in parents(domain))
        else:
            found = (self._by_folded_name.get(form) for form in folded_forms(name[:MAX_COMPARED_LENGTH]))
        return next((integration for integration in found if integration is not None), None)

    def named(self, key_or_domain: str) -> Integration | None:
        """The integration with that key, domain or alias, in any case, with or without `www.`; else None.

        A domain may have any form that `domains.canonical_domain` accepts. Of several matches keys
        precede domains, domains precede aliases, and own entries precede built-in ones.
        """
        found = self._by_name.get(_bare(key_or_domain.strip().lower()))
        if found is not None:
            return found
        try:
            return self._by_name.get(_bare(canonical_domain(key_or_domain)))
        except DomainError:
            return None

    @cached_property
    def _by_folded_name(self) -> Mapping[str, Integration]:
        """In the precedence of `named`, then by display name. One that two entries share finds neither."""
        titles = Counter(folded(integration.name) for integration in self.integrations)
        unique = [(each.name, each) for each in self.integrations if titles[folded(each.name)] == 1]
        names = [*_names(self.integrations), *unique]
        return {folded(name): integration for name, integration in reversed(names)}

    def nearest(self, text: str) -> str | None:
        """The key to suggest for a name that is not found; None if none is similar."""
        name = _bare(text.strip().lower())[:MAX_COMPARED_LENGTH]
        near = difflib.get_close_matches(name, self._by_name, n=1, cutoff=NEARNESS)
        return self._by_name[near[0]].key if near else None


@cache
def builtin_catalog() -> Catalog:
    """The built-in integrations. Their file is validated by a test, not here."""
    with BUILTIN_FILE.open(encoding="utf-8", newline="") as file:
        return Catalog(tuple(_built_in(row) for row in csv.DictReader(file)))


def load_catalog(path: Path | None) -> Catalog:
    """The built-in integrations, changed and extended by the file at `path`, if any.

    An entry for a built-in key overrides the fields it has. Entries for other keys follow the built-in
    ones. All entries of the file have the origin CUSTOM.

    Raises:
        CatalogError: naming the file, the line or entry, and the rule.
    """
    if path is None:
        return builtin_catalog()
    entries = [checked(entry, path) for entry in read_entries(path)]
    integrations = {integration.key: integration for integration in builtin_catalog()}
    _check_keys(entries, path)
    for entry in entries:
        base = integrations.get(entry.key)
        integrations[entry.key] = _new(entry, path) if base is None else _changed(base, entry)
    _check_aliases(entries, integrations, path)
    return Catalog(tuple(integrations.values()))


def _built_in(row: Mapping[str, str]) -> Integration:
    slugs = {name: slug for name, slug in row.items() if slug and name.startswith(ICONS_PREFIX)}
    return Integration(
        key=row["key"],
        name=row["name"],
        domain=row["domain"],
        category=row["category"],
        aliases=tuple(row["aliases"].split()),
        icons=MappingProxyType({name.removeprefix(ICONS_PREFIX): slug for name, slug in slugs.items()}),
        color=row["color"] or None,
        prefer=row["prefer"] or None,
    )


def _names(integrations: Sequence[Integration]) -> list[tuple[str, Integration]]:
    """Every name with its integration. Of equal names the first has precedence."""
    own_first = sorted(integrations, key=lambda integration: integration.origin is not Origin.CUSTOM)
    names = [(integration.key, integration) for integration in own_first]
    names += [(_bare(integration.domain), integration) for integration in own_first]
    return names + [(_bare(alias), integration) for integration in own_first for alias in integration.aliases]


def _bare(name: str) -> str:
    """A name for comparison: a domain without `www.`, or a key, which has no dots."""
    rest = name.removeprefix("www.")
    return rest if "." in rest else name


def _new(entry: Entry, path: Path) -> Integration:
    for needed in ("name", "domain"):
        if needed not in entry.values:
            nearest = builtin_catalog().nearest(entry.key)
            hint = "a key that is not built in needs key, name and domain"
            hint += f"; did you mean {nearest}?" if nearest else ""
            raise broken(path, entry.place, f"the field '{needed}' is missing", hint=hint)
    blank = Integration(key=entry.key, name="", domain="", category=CUSTOM_CATEGORY)
    return _changed(blank, entry)


def _changed(base: Integration, entry: Entry) -> Integration:
    changed = replace(base, origin=Origin.CUSTOM, **entry.values)
    return replace(changed, icons=MappingProxyType({**base.icons, **changed.icons}))


def _check_keys(entries: Sequence[Entry], path: Path) -> None:
    places: dict[str, tuple[str, str]] = {}
    for entry in entries:
        key, place = places.setdefault(folded(entry.key), (entry.key, entry.place))
        if place != entry.place:
            problem = f"the key '{entry.key}' is used twice, first at {place}"
            if key != entry.key:
                problem = f"the key '{entry.key}' cannot be told from '{key}' at {place}"
            raise broken(path, entry.place, problem, hint="write one entry for each key")


def _check_aliases(entries: Sequence[Entry], integrations: Mapping[str, Integration], path: Path) -> None:
    """Raise CatalogError for an alias that belongs to another entry; built-in aliases may be taken over.

    Keys and aliases with the same letters and digits are the same name (`folded`).
    """
    keys = {folded(key): key for key in integrations}
    owners: dict[str, str] = {}
    for entry in entries:
        for alias in entry.values.get("aliases", ()):
            name = alias if "." in alias else folded(alias)
            owner = keys.get(name) or owners.setdefault(name, entry.key)
            if owner != entry.key:
                problem = f"the alias '{alias}' already belongs to '{owner}'"
                raise broken(path, entry.place, problem, hint="give each alias to one entry only")


WORD = re.compile(r"[^\W_]+")
CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

DEPLOYMENTS = frozenset(
    {
        *("api", "apikey", "app", "basic", "cc", "connector", "jwt", "key", "mcp", "oauth"),
        *("oauth2", "pat", "rest", "cloud", "datacenter", "hosted", "onprem", "onpremise"),
        *("onpremises", "selfhosted", "server", "online", "account", "admin", "business"),
        *("enterprise", "partner", "pro", "private", "public", "scim", "token", "beta", "demo"),
        *("dev", "development", "live", "prod", "production", "sandbox", "staging", "test"),
        *("testing", "destination", "integration", "source", "trigger", "webhook", "eu", "us"),
    }
)
"""Last words that say how or where an integration runs, and not which company it is."""
VERSION = re.compile(r"v[0-9]+")

USER_SITES = frozenset(
    {
        *("wordpress.com", "tumblr.com", "medium.com", "substack.com", "squarespace.com"),
        *("weebly.com", "gumroad.com", "zendesk.com", "freshdesk.com", "freshservice.com"),
        *("freshchat.com", "uservoice.com", "statuspage.io", "typeform.com", "formstack.com"),
        *("wufoo.com", "jotform.com", "eventbrite.com", "canny.io", "pipedrive.com"),
        *("bamboohr.com", "workable.com", "breezy.hr", "recruitee.com", "teamtailor.com"),
        *("personio.de", "jobvite.com", "smartrecruiters.com", "sharepoint.com"),
        *("amazonaws.com", "thinkific.com", "lemonsqueezy.com", "notion.so"),
    }
)
"""Domains whose sub-domains show the sites of customers, beside those in the Public Suffix List."""
OWN_LABELS = frozenset(
    {"api", "app", "apps", "admin", "accounts", "developer", "developers", "docs", "status", "login"}
)
"""First labels that such domains keep for themselves."""


def folded(name: str) -> str:
    """The letters and digits of a name, in one case: `microsoft_teams` and `Microsoft Teams` are equal."""
    return "".join(WORD.findall(name.casefold()))


def folded_forms(name: str) -> Iterator[str]:
    """The folded name, then the name without its last words, as long as these say a deployment."""
    words = [part.casefold() for word in WORD.findall(name) for part in CAMEL_CASE.split(word)]
    yield "".join(words)
    while 0 < (dropped := _deployment_words(words)) < len(words):
        words = words[:-dropped]
        yield "".join(words)


def parents(domain: str) -> Iterator[str]:
    """The domains above a host that belong to the same owner, nearest first.

    Ends at the registrable domain. On platforms sub-domains belong to users, who get nothing from above.
    """
    owner = registrable_domain(domain)
    labels = domain.split(".")
    for start in range(1, len(labels) - owner.count(".")):
        parent = ".".join(labels[start:])
        if parent in USER_SITES and labels[start - 1] not in OWN_LABELS:
            return
        yield parent


def domain_in(name: str) -> str | None:
    """The public domain that a text names; None for other names, also for those with a dot (`Node.js`)."""
    try:
        domain = canonical_domain(name)
    except DomainError:
        return None
    return domain if has_known_suffix(domain) else None


def _deployment_words(words: list[str]) -> int:
    """How many of the last words say a deployment: 0, 1 or 2 (`data-center`)."""
    if words and (VERSION.fullmatch(words[-1]) or words[-1] in DEPLOYMENTS):
        return 1
    return 2 if "".join(words[-2:]) in DEPLOYMENTS else 0
