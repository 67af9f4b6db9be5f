"""Providers that need a URL, a token, a confirmation or a file from the operator, and forbidden services."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from logocache.domains import origin_of
from logocache.errors import ProviderError
from logocache.model import IconPurpose, Integration, StoringClass
from logocache.ports import Ask, Candidate, FetchRequest, Provider, ProviderTerms
from logocache.providers.templates import Template, TemplateProvider, filled
from logocache.settings import Settings
from logocache.settings.masking import PLACEHOLDER, static_texts, without_static_text
from logocache.settings.sources import read_input

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A service that cannot be a provider."""

    hosts: tuple[str, ...]
    """Domains, with all their sub-domains."""
    term: str
    """The reason, as the end of "… is not possible: "."""
    hint: str = "take another source; docs/providers.md lists them"

    def error(self, configured: str) -> ProviderError:
        """The error to raise; `configured` names the provider or setting that leads to the service."""
        return ProviderError(f"{configured} is not possible: {self.term}", hint=self.hint)


BRANDFETCH = Refusal(
    hosts=("brandfetch.io", "brandfetch.com"),
    term=(
        "Brandfetch's Logo API is for hotlinking only, its images must never be stored, proxied or re-hosted "
        "(https://docs.brandfetch.com/concepts/caching)"
    ),
)
BRAND_DEV = Refusal(
    hosts=("brand.dev", "context.dev"),
    term=(
        "brand.dev (context.dev) does not allow to store or cache logos of its Logo Link "
        "(https://docs.brand.dev/logolink/usage-restrictions)"
    ),
)
LOGOKIT = Refusal(
    hosts=("logokit.com",),
    term="LogoKit's terms do not allow to store its logos",
)
CLEARBIT = Refusal(
    hosts=("clearbit.com",),
    term="Clearbit's Logo API ended on 2025-12-08",
    hint=(
        "set LOGO_CACHE_CLEARBIT_URL to a server of the same URL shape, such as another logocache, "
        "or use site,duckduckgo,iconsets"
    ),
)
LOGODEV_TEMPLATE = Refusal(
    hosts=("logo.dev",),
    term="logo.dev allows storing only on some plans",
    hint="use the provider logodev, which asks whether yours does",
)

FORBIDDEN = (BRANDFETCH, BRAND_DEV, LOGOKIT)

BY_NAME: Mapping[str, Refusal] = {
    "brandfetch": BRANDFETCH,
    "brandfetch-logo": BRANDFETCH,
    "brand.dev": BRAND_DEV,
    "context.dev": BRAND_DEV,
    "logokit": LOGOKIT,
}


def check_host(url: str, configured: str) -> None:
    """Raise `ProviderError` if `url` leads to a forbidden or ended service."""
    host = unquote(urlsplit(url).hostname or "").lower().rstrip(".")
    for refusal in (*FORBIDDEN, CLEARBIT, LOGODEV_TEMPLATE):
        if any(host == domain or host.endswith(f".{domain}") for domain in refusal.hosts):
            raise refusal.error(configured)


LARGEST_STORED = 512
"""Pixels; larger images would be scaled down."""

CLEARBIT_TERMS = ProviderTerms(
    id="clearbit",
    title="A server with Clearbit's URL shape",
    storing=StoringClass.UNSTATED,
    licence=None,
    terms_url=None,
    uses_network=True,
    learns_placeholder=True,
)

CLEARBIT_PATH = "/{domain}?size={size}&format=png"

LOGODEV_TERMS = ProviderTerms(
    id="logodev",
    title="logo.dev",
    storing=StoringClass.CONDITIONAL,
    licence=None,
    terms_url="https://www.logo.dev/terms",
    uses_network=True,
    rate_per_second=10,
    misconfigured_statuses=frozenset({401, 403}),
)
# Without `fallback=404` it answers with a monogram, which cannot be told from a logo.
LOGODEV_URL = "https://img.logo.dev/{domain}?size={size}&format=png&retina=false&fallback=404"

TEMPLATE_TERMS = ProviderTerms(
    id="template",
    title="A source of your own",
    storing=StoringClass.UNSTATED,
    licence=None,
    terms_url=None,
    uses_network=True,
    learns_placeholder=True,
)


def clearbit(settings: Settings) -> Provider:
    """Any server with Clearbit's URL shape. Raises `ProviderError` without a URL, and for Clearbit itself."""
    if settings.clearbit_url is None:
        raise CLEARBIT.error("the provider clearbit without LOGO_CACHE_CLEARBIT_URL")
    check_host(settings.clearbit_url, f"LOGO_CACHE_CLEARBIT_URL = {settings.clearbit_url}")
    # Braces in the base URL are literal; the template fields follow it.
    base = quote(settings.clearbit_url, safe="/:%[]@!$&'()*+,;=")
    path = urlsplit(base).path
    template = Template(
        terms=CLEARBIT_TERMS,
        url=base + CLEARBIT_PATH,
        shown_url=base.removesuffix(path) + without_static_text(path) + CLEARBIT_PATH,
        secret_texts=static_texts(path),
        size=LARGEST_STORED,
        trusted_origin=origin_of(settings.clearbit_url),
    )
    return TemplateProvider(template, max_bytes=settings.max_image_bytes)


def logodev(settings: Settings) -> Provider:
    """logo.dev. Raises `ProviderError` without a token, or unless the plan is confirmed to allow storing."""
    if settings.logodev_token is None:
        raise ProviderError(
            "the provider logodev needs a token", hint="set LOGO_CACHE_LOGODEV_TOKEN to your publishable key"
        )
    if not settings.logodev_storing_confirmed:
        raise ProviderError(
            "logo.dev allows storing only on its Pro and Enterprise plans, while subscribed",
            hint="set LOGO_CACHE_LOGODEV_STORING_CONFIRMED=true if you have such a plan",
        )
    template = Template(
        terms=LOGODEV_TERMS,
        url=LOGODEV_URL,
        size=LARGEST_STORED,
        secret_query=(("token", settings.logodev_token.get_secret_value()),),
    )
    return TemplateProvider(template, max_bytes=settings.max_image_bytes)


def template(settings: Settings) -> Provider:
    """The operator's own URL template. All but its server and its fields may hold keys, and is secret.

    Raises:
        ProviderError: it is not set, leads to a service that forbids storing, or has other braces than
            those of `{domain}`, `{key}` and `{size}`.
    """
    if settings.template_url is None:
        raise ProviderError(
            "the provider template needs a URL",
            hint="set LOGO_CACHE_TEMPLATE_URL, such as https://logos.example/{domain}?size={size}",
        )
    url = settings.template_url.get_secret_value()
    if {"{", "}"} & set(PLACEHOLDER.sub("", url)):
        raise ProviderError(
            "LOGO_CACHE_TEMPLATE_URL has odd braces",
            hint="it may hold {domain}, {key} and {size} as they stand",
        )
    example = filled(url, {"domain": "example.com", "key": "example", "size": "1"})
    check_host(example, "LOGO_CACHE_TEMPLATE_URL")
    asked, secret_query = without_static_query(url)
    own = Template(
        terms=TEMPLATE_TERMS,
        url=asked,
        shown_url=without_static_texts(asked),
        secret_texts=secret_texts_of(asked),
        size=LARGEST_STORED if "{size}" in url else None,
        secret_query=secret_query,
        trusted_origin=None if PLACEHOLDER.search(urlsplit(url).netloc) else origin_of(url),
    )
    return TemplateProvider(own, max_bytes=settings.max_image_bytes)


def without_static_query(url: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The URL with only those query parameters that contain a template field, and the other parameters."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    filled_in = [pair for pair in pairs if PLACEHOLDER.search("".join(pair))]
    static = tuple(pair for pair in pairs if pair not in filled_in)
    query = urlencode(filled_in, safe="{}", quote_via=quote)
    return urlunsplit(parts._replace(query=query, fragment="")), static


def without_static_texts(url: str) -> str:
    """The template with `***` for all in its path and query that may be a key, parameter names included."""
    parts = urlsplit(url)
    query = "&".join(
        "=".join(quote(without_static_text(unquote(text)), safe="{}*") for text in pair.split("="))
        for pair in parts.query.split("&")
    )
    return urlunsplit(parts._replace(path=without_static_text(parts.path), query=query))


def secret_texts_of(url: str) -> tuple[str, ...]:
    """All texts in the path and query of a template that may be a key.

    Parameter names count only with a template field in them, as in `?key{domain}` or `?path/key/{domain}`.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = (name for name, _ in pairs if PLACEHOLDER.search(name))
    texts = (parts.path, *names, *(value for _, value in pairs))
    return tuple(secret for text in texts for secret in static_texts(text))


OWN_FILE = ProviderTerms(
    id="file",
    title="The operator's own file",
    storing=StoringClass.OWN_FILES,
    licence=None,
    terms_url=None,
    uses_network=False,
)


class OwnFileProvider:
    """Reads `Integration.file`. Implements `ports.Provider`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    @property
    def terms(self) -> ProviderTerms:
        return OWN_FILE

    def candidates(
        self,
        integration: Integration,
        ask: Ask,  # noqa: ARG002  # no requests
    ) -> Sequence[Candidate]:
        """The file's bytes; logs a warning and returns nothing if it is missing, too large or not a file."""
        if integration.file is None:
            return ()
        try:
            body = read_input(integration.file, most=self._max_bytes)
        except OSError as error:
            reason = error.strerror or str(error)
            _log.warning("own_file.unusable", extra={"file": str(integration.file), "reason": reason})
            return ()
        # Only the name: the operator's paths are private.
        url = f"file:{quote(os.fsencode(integration.file.name))}"
        return (Candidate(provider=OWN_FILE.id, url=url, body=body, purpose=IconPurpose.LOGO),)

    def request(self, candidate: Candidate) -> FetchRequest:  # noqa: ARG002  # nothing is fetched
        raise AssertionError("unreachable: every candidate has its body")
