"""Providers with one URL per company, given as URL templates; and the public ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from logocache.domains import toggled_www
from logocache.model import IconPurpose, Integration, StoringClass
from logocache.ports import Ask, Candidate, FetchRequest, Provider, ProviderTerms
from logocache.settings import Settings
from logocache.settings.masking import PLACEHOLDER

IMAGES = "image/*,*/*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A source with one URL per company."""

    terms: ProviderTerms
    url: str
    """With `{domain}`, `{key}` and `{size}`."""
    shown_url: str | None = None
    """Shown in place of `url` if that may contain secrets."""
    secret_texts: tuple[str, ...] = ()
    """Parts of `url` to mask everywhere."""
    size: int | None = None
    """Requested size in pixels; None if the source has a single, unknown size."""
    keyed_by_host: bool = False
    """It distinguishes `example.com` and `www.example.com`, so both are tried."""
    secret_query: tuple[tuple[str, str], ...] = ()
    trusted_origin: str | None = None
    """`scheme://host:port` when the operator configured the host."""


class TemplateProvider:
    """Implements `ports.Provider` for a template; needs no request to find candidates."""

    def __init__(self, template: Template, *, max_bytes: int) -> None:
        self._template = template
        self._max_bytes = max_bytes

    @property
    def terms(self) -> ProviderTerms:
        return self._template.terms

    def candidates(
        self,
        integration: Integration,
        ask: Ask,  # noqa: ARG002  # no requests
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
    """`url` with its fields filled in; no value can leave its component (RFC 3986 2.1)."""
    return PLACEHOLDER.sub(lambda found: quote(values[found[0].strip("{}")], safe=""), url)


DUCKDUCKGO = Template(
    terms=ProviderTerms(
        id="duckduckgo",
        title="DuckDuckGo's icons",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url="https://duckduckgo.com/terms",
        uses_network=True,
        rate_per_second=10,
        # A grey arrow of 1,478 bytes, sent with status 404.
        placeholder_sha1=frozenset({"980aa215c45dd3b92f40b272234a21f6d850b14a"}),
        # Some answers have status 200 and an empty body, or just the signature of a PNG.
        learns_placeholder=True,
    ),
    url="https://icons.duckduckgo.com/ip3/{domain}.ico",
    keyed_by_host=True,
)

GOOGLE = Template(
    terms=ProviderTerms(
        id="google",
        title="Google's favicons",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url="https://policies.google.com/terms",
        uses_network=True,
        rate_per_second=5,
        # A globe of 16×16 pixels, 726 bytes.
        placeholder_md5=frozenset({"b8a0bf372c762e966cc99ede8682bc71"}),
        smallest_acceptable=16,
        learns_placeholder=True,
    ),
    url=(
        "https://t1.gstatic.com/faviconV2?client=SOCIAL&type=FAVICON&fallback_opts=TYPE,SIZE,URL"
        "&url=https://{domain}&size={size}&drop_404_icon=true"
    ),
    size=256,
)

YANDEX = Template(
    terms=ProviderTerms(
        id="yandex",
        title="Yandex's favicons",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url="https://yandex.com/legal/termsofservice/",
        uses_network=True,
        rate_per_second=5,
        # A transparent pixel of 70 bytes, sent with status 200.
        smallest_acceptable=1,
        learns_placeholder=True,
    ),
    url="https://favicon.yandex.net/favicon/{domain}",
)

TWENTY = Template(
    terms=ProviderTerms(
        id="twenty",
        title="Twenty Icons",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url="https://github.com/twentyhq/favicon",
        uses_network=True,
        rate_per_second=5,
    ),
    url="https://twenty-icons.com/{domain}/{size}",
    size=192,
)


def public(template: Template) -> Callable[[Settings], Provider]:
    """The builder of a provider that needs no settings."""

    def build(settings: Settings) -> Provider:
        return TemplateProvider(template, max_bytes=settings.max_image_bytes)

    return build
