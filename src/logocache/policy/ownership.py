"""Whose icon it is, judged by the host of the page that names it.

A site may lead to its parent company, to a sign-in page or to a market for domains. Where an entry names an
icon set, their icons are not its logo. An entry without one may have been renamed: it keeps what its site
leads to, except the icon of a market.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from logocache.domains import owner_label, registrable_domain, without_www
from logocache.model import Integration
from logocache.ports import SITE, Candidate

MARKETS = frozenset(
    {
        *("above.com", "afternic.com", "atom.com", "bodis.com", "brandbucket.com", "brandpa.com"),
        *("buydomains.com", "cashparking.com", "dan.com", "domainagents.com", "domainmarket.com"),
        *("domainnamesales.com", "dropcatch.com", "dynadot.com", "efty.com", "epik.com", "forsale.com"),
        *("giantpanda.com", "godaddy.com", "hugedomains.com", "internettraffic.com", "namejet.com"),
        *("nicsell.com", "parkingcrew.com", "parkingcrew.net", "parklogic.com", "perfectdomain.com"),
        *("porkbun.com", "sav.com", "saw.com", "sedo.com", "sedo.de", "sedoparking.com", "skenzo.com"),
        *("snapnames.com", "spaceship.com", "squadhelp.com", "undeveloped.com", "uniregistry.com"),
        *("voodoo.com",),
    }
)
"""Registrable domains of those who sell or park the domains of others."""

SIGN_IN = frozenset(
    {
        *("account", "accounts", "adfs", "appleid", "auth", "authenticate", "authentication", "authn"),
        *("authorize", "cas", "consent", "id", "identity", "idm", "idmsa", "idp", "login", "logon"),
        *("myaccount", "oauth", "oidc", "openid", "passport", "saml", "signin", "signon", "signup"),
        *("sso", "sts"),
    }
)
"""Labels of hosts where people sign in or consent first, without digits and hyphens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Somebody else than the owner of an entry."""

    reason: str
    """Why its icons are not the entry's logo, in words."""
    sells_domains: bool = False
    """The entry's domain is for sale: it has no site."""


def stranger_of(offer: Candidate, url: str, integration: Integration) -> Stranger | None:
    """Whose image a site's `offer` is, which came from `url` after redirects; None if it is the entry's own.

    An own page may name icons anywhere, such as on a CDN, but not at a market.
    """
    if offer.provider != SITE:
        return None
    found = [stranger_at(urlsplit(each).hostname or "", integration) for each in (offer.url, url)]
    if offer.page_host is not None:
        found = [
            stranger_at(offer.page_host, integration),
            *(each for each in found if each and each.sells_domains),
        ]
    return next((stranger for stranger in found if stranger is not None), None)


def is_strangers(url: str, offers: Sequence[Candidate], integration: Integration) -> bool:
    """True if the image at `url`, of an earlier offer, is another owner's by what the site offers now."""
    strangers = [offer for offer in offers if stranger_of(offer, offer.url, integration) is not None]
    return any(url == offer.url or urlsplit(url).hostname == offer.page_host for offer in strangers)


def stranger_at(host: str, integration: Integration) -> Stranger | None:
    """Who is at `host`, where the entry's site led; None if it is the entry's owner, as far as can be told.

    National domains and domains of the same name are the owner's: `amazon.de`, `notion.so` and `notion.com`.
    """
    host, domain = without_www(host), without_www(integration.domain)
    own = set(map(without_www, integration.domains))
    if host in own:
        return None
    if owner_label(host) not in {owner_label(each) for each in own}:
        if registrable_domain(host) in MARKETS:
            return Stranger(reason=f"{host} sells domains: {domain} has no site", sells_domains=True)
        return (
            Stranger(reason=f"{host} is not {domain}: the icon of another owner")
            if integration.icons
            else None
        )
    if not integration.icons:
        return None
    if _signs_in(host) and not _signs_in(domain):
        return Stranger(reason=f"{host} is a sign-in page: not the icon of {domain}")
    if host == registrable_domain(domain):
        return Stranger(reason=f"{host} is the parent of {domain}: not its icon")
    return None


def _signs_in(host: str) -> bool:
    """True if a label below the registrable domain, or a part of one, is that of a sign-in page."""
    labels = host.removesuffix(registrable_domain(host)).split(".")
    words = {word for label in labels for word in (label.replace("-", ""), *label.split("-"))}
    return not SIGN_IN.isdisjoint(word.strip(string.digits) for word in words)
