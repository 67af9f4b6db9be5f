"""What a source of logos is, and what it may ask of its surroundings.

Called from several threads at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from logocache.model import Answer, Candidate, FetchRequest, Integration, StoringClass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTerms:
    """What a provider declares about itself, once."""

    id: str
    title: str
    storing: StoringClass
    licence: str | None
    """Recorded with each logo; None when each candidate carries its own."""
    terms_url: str | None
    uses_network: bool
    rate_per_second: float | None = None
    """How often it may be asked by one process; None: no limit beyond that on hosts."""
    misconfigured_statuses: frozenset[int] = frozenset()
    """HTTP statuses that mean bad credentials."""
    placeholder_sha256: frozenset[str] = frozenset()
    """Fingerprints of its stand-in images, as it sends them."""
    placeholder_sha1: frozenset[str] = frozenset()
    placeholder_md5: frozenset[str] = frozenset()
    smallest_acceptable: int = 0
    """An image whose longest side is at most this is its stand-in (0: no such rule)."""
    keeps_days: float | None = None
    """Days after which a stored copy must be fetched again or dropped."""
    asks_many_hosts: bool = False
    """It asks the companies' own hosts, so that one dead host says nothing about the others."""
    learns_placeholder: bool = False
    """It answers for every domain, so its stand-in can be learnt by asking for a domain that cannot exist."""


class Ask(Protocol):
    """How a provider reads a page or a manifest. Each call is recorded in the audit trail."""

    def __call__(self, request: FetchRequest, /) -> Answer: ...


class Provider(Protocol):
    """One source of logos."""

    @property
    def terms(self) -> ProviderTerms: ...

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        """The images that may be this integration's logo, best first; empty when there is none.

        Asks the network only through `ask`, and only for documents that name images. Never raises
        for what a source says, however broken.
        """
        ...

    def request(self, candidate: Candidate) -> FetchRequest:
        """How to fetch one of its candidates that has no body; adds secrets the URL leaves out."""
        ...
