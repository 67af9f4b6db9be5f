"""Sources that answer one URL for each company: the family of URL templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from logocache.domains import toggled_www
from logocache.masking import PLACEHOLDER
from logocache.model import Candidate, FetchRequest, IconPurpose, Integration
from logocache.ports import Ask, ProviderTerms

IMAGES = "image/*,*/*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Everything that tells one source of the family from another."""

    terms: ProviderTerms
    url: str
    """With `{domain}`, `{key}` and `{size}`."""
    shown_url: str | None = None
    """What is shown in place of `url`, when that may hold secrets."""
    secret_texts: tuple[str, ...] = ()
    """What of `url` may be seen nowhere."""
    size: int | None = None
    """What is asked for, in pixels; None: the source has one size only, and does not say which."""
    keyed_by_host: bool = False
    """It knows `example.com` and `www.example.com` apart, so both are tried."""
    secret_query: tuple[tuple[str, str], ...] = ()
    trusted_origin: str | None = None
    """`scheme://host:port` when the operator configured the host."""


class TemplateProvider:
    """One source of the family. Implements `ports.Provider`; asks nothing to find candidates."""

    def __init__(self, template: Template, *, max_bytes: int) -> None:
        self._template = template
        self._max_bytes = max_bytes

    @property
    def terms(self) -> ProviderTerms:
        return self._template.terms

    def candidates(
        self,
        integration: Integration,
        ask: Ask,  # noqa: ARG002  # nothing is asked
    ) -> Sequence[Candidate]:
        domains = [integration.domain]
        if self._template.keyed_by_host:
            domains.append(toggled_www(integration.domain))
        return tuple(self._candidate(integration.key, domain) for domain in dict.fromkeys(domains))

    def request(self, candidate: Candidate) -> FetchRequest:
        return FetchRequest(
            url=candidate.asked_url or candidate.url,
            shown_url=candidate.url if candidate.asked_url is not None else None,
            secret_texts=self._template.secret_texts,
            provider=self.terms.id,
            max_bytes=self._max_bytes,
            accept=IMAGES,
            secret_query=self._template.secret_query,
            trusted_origin=self._template.trusted_origin,
        )

    def _candidate(self, key: str, domain: str) -> Candidate:
        template = self._template
        values = {"domain": domain, "key": key, "size": str(template.size or "")}
        asked = filled(template.url, values)
        shown = asked if template.shown_url is None else filled(template.shown_url, values)
        return Candidate(
            provider=self.terms.id,
            url=shown,
            asked_url=asked if asked != shown else None,
            purpose=IconPurpose.LOGO,
            expected_size=template.size,
        )


def filled(url: str, values: Mapping[str, str]) -> str:
    """`url` with its placeholders replaced; no value can end the component it stands in (RFC 3986 2.1)."""
    return PLACEHOLDER.sub(lambda found: quote(values[found[0].strip("{}")], safe=""), url)
