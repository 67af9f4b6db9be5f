"""Default icons of frameworks and hosts: what a site shows that never got an icon of its own. No logos.

They are known by the digests of their files (SHA-256, or MD5 where only that is published), by the address
where a host keeps one for all its sites, and by their looks, for copies of other sizes and formats.
`tools/default_icons.py` writes the file of fingerprints.
"""

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from logocache.catalog import parents
from logocache.model import Integration
from logocache.policy.looks import Samples, is_copy, samples_of

FILE = Path(__file__).with_name("default_icons.csv")


@dataclass(frozen=True, slots=True)
class DefaultIcon:
    """The default icon of the framework or host `name`, whose `owners` (domains) show it as their own."""

    name: str
    owners: frozenset[str]

    def stands_for(self, integration: Integration) -> bool:
        """True if the integration is that framework or host: then it is a logo."""
        return any(not self.owners.isdisjoint((domain, *parents(domain))) for domain in integration.domains)


class DefaultIcons:
    """All default icons that are known."""

    def __init__(self, fingerprints: str) -> None:
        """`fingerprints` is the content of `FILE`."""
        self.version = hashlib.sha256(fingerprints.encode()).hexdigest()[:8]
        """Changes with the fingerprints."""
        self._by_fingerprint: dict[str, DefaultIcon] = {}
        self._by_look: list[tuple[Samples, DefaultIcon]] = []
        for row in csv.DictReader(fingerprints.splitlines()):
            icon = DefaultIcon(row["name"], frozenset(row["owners"].split()))
            self._by_fingerprint[row["fingerprint"]] = icon
            if row["look"]:
                self._by_look.append((samples_of(row["look"]), icon))

    def find(self, url: str, body: bytes, look: str) -> DefaultIcon | None:
        """The default icon that was found at `url` as `body`, an image of that `look`; None if it is none."""
        digests = (hashlib.new(name, body, usedforsecurity=False).hexdigest() for name in ("sha256", "md5"))
        for fingerprint in (url.partition("?")[0], *digests):
            if fingerprint in self._by_fingerprint:
                return self._by_fingerprint[fingerprint]
        samples = samples_of(look)
        return next((icon for known, icon in self._by_look if is_copy(samples, known)), None)


@cache
def default_icons() -> DefaultIcons:
    return DefaultIcons(FILE.read_text(encoding="utf-8"))
