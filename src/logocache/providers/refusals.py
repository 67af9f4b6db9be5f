"""Services whose images may not be stored, or are no more: named, with the term. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from logocache.errors import ProviderError

INSTEAD = "take another source; docs/providers.md lists them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a service cannot be a source here, and what to do instead."""

    hosts: tuple[str, ...]
    """Domains; their sub-domains are meant too."""
    term: str
    hint: str = INSTEAD

    def error(self, configured: str) -> ProviderError:
        """What to raise; `configured` says how the service was named."""
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
    """Raise `ProviderError` when `url` leads to one of these services."""
    host = unquote(urlsplit(url).hostname or "").lower().rstrip(".")
    for refusal in (*FORBIDDEN, CLEARBIT, LOGODEV_TEMPLATE):
        if any(host == domain or host.endswith(f".{domain}") for domain in refusal.hosts):
            raise refusal.error(configured)
