"""Whose icon it is: a parent, a sign-in page or a market gives an entry with icon sets no logo."""

from types import MappingProxyType
from typing import Any

import pytest

from harness.factories import make_integration
from logocache.model import Integration
from logocache.policy.ownership import MARKETS, stranger_at, stranger_of
from logocache.ports import Candidate

ICONS = MappingProxyType({"logos": "any"})


def entry(domain: str, *aliases: str, **facts: Any) -> Integration:
    return make_integration("any", **({"domain": domain, "aliases": aliases, "icons": ICONS} | facts))


@pytest.mark.parametrize(
    ("domain", "host", "reason"),
    [
        ("bought.com", "www.parent.com", "parent.com is not bought.com"),
        ("bought.com", "news.parent.co.uk", "another owner"),
        ("docs.vendor.com", "accounts.vendor.com", "a sign-in page"),
        ("app.vendor.com", "login.vendor.com", "a sign-in page"),
        ("vendor.com", "id.vendor.com", "a sign-in page"),
        ("vendor.com", "eu-login.vendor.com", "a sign-in page"),
        ("vendor.com", "sso2.eu.vendor.com", "a sign-in page"),
        ("vendor.com", "sign-in.vendor.com", "a sign-in page"),
        ("vendor.com", "consent.vendor.com", "a sign-in page"),
        ("mail.vendor.com", "login.provider.net", "another owner"),
        ("docs.vendor.com", "vendor.com", "the parent of docs.vendor.com"),
        ("docs.vendor.com", "www.vendor.com", "the parent of docs.vendor.com"),
        ("one.github.io", "two.github.io", "another owner"),
        ("gone.com", "www.hugedomains.com", "sells domains"),
        ("gone.com", "auctions.godaddy.com", "sells domains"),
    ],
)
def test_another_owners_icon_is_not_the_entrys(domain: str, host: str, reason: str) -> None:
    stranger = stranger_at(host, entry(domain))
    assert stranger is not None
    assert reason in stranger.reason
    assert stranger.sells_domains is ("sells" in reason)


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("acme.com", "acme.com"),
        ("acme.com", "www.acme.com"),
        ("acme.com", "shop.acme.com"),
        ("www.acme.com", "acme.com"),
        ("docs.acme.com", "eu.docs.acme.com"),
        ("docs.acme.com", "writer.acme.com"),
        ("amazon.de", "www.amazon.com"),
        ("acme.co.uk", "acme.com"),
        ("acme.so", "www.acme.com"),
        ("accounts.acme.com", "accounts.acme.com"),
        ("login.acme.com", "sso.acme.com"),
        ("login.gov", "www.login.gov"),
        ("godaddy.com", "www.godaddy.com"),
        ("sedo.com", "sedo.com"),
        ("acme.com", "identitycards.acme.com"),
    ],
)
def test_the_owners_other_hosts_are_the_owners(domain: str, host: str) -> None:
    assert stranger_at(host, entry(domain)) is None


def test_a_domain_among_the_aliases_is_the_entrys() -> None:
    moved = entry("acme.com", "acme-inc", "renamed.io", "vendor.com")
    assert stranger_at("www.renamed.io", moved) is None
    assert stranger_at("elsewhere.io", moved) is not None
    assert stranger_at("vendor.com", entry("docs.vendor.com", "vendor.com")) is None


@pytest.mark.parametrize("host", ["renamed.io", "login.acme.com", "accounts.provider.com"])
def test_an_entry_without_an_icon_set_may_have_been_renamed(host: str) -> None:
    assert stranger_at(host, entry("acme.com", icons={})) is None


@pytest.mark.parametrize("market", sorted(MARKETS))
def test_a_market_is_never_a_new_name(market: str) -> None:
    stranger = stranger_at(f"www.{market}", entry("acme.com", icons={}))
    assert stranger is not None
    assert stranger.sells_domains


OWN, CDN, PARENT = "https://acme.com/i.png", "https://cdn.net/i.png", "https://parent.com/i.png"


@pytest.mark.parametrize(
    ("url", "final", "page_host", "is_own"),
    [
        pytest.param(CDN, CDN, "acme.com", True, id="named by the own page, on a CDN"),
        pytest.param(OWN, CDN, "acme.com", True, id="named by the own page, led to a CDN"),
        pytest.param(CDN, CDN, "parent.com", False, id="named by another page, on a CDN"),
        pytest.param(OWN, OWN, "parent.com", False, id="named by another page, at home"),
        pytest.param(OWN, OWN, None, True, id="unnamed, at home"),
        pytest.param(OWN, PARENT, None, False, id="unnamed, led to another owner"),
        pytest.param("https://img.sedoparking.com/i.png", OWN, "acme.com", False, id="of a parking service"),
    ],
)
def test_the_page_that_names_an_icon_says_whose_it_is(
    url: str, final: str, page_host: str | None, *, is_own: bool
) -> None:
    offer = Candidate(provider="site", url=url, page_host=page_host)
    assert (stranger_of(offer, final, entry("acme.com")) is None) is is_own


def test_other_sources_answer_from_hosts_of_their_own() -> None:
    offer = Candidate(provider="duckduckgo", url="https://icons.duckduckgo.com/ip3/acme.com.ico")
    assert stranger_of(offer, offer.url, entry("acme.com")) is None
