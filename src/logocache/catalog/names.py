"""Names as people and code write them: `Microsoft Teams`, `googleDrive`, `jira-cloud`, `api.stripe.com`."""

import re
from collections.abc import Iterator

from logocache.domains import canonical_domain, has_known_suffix, registrable_domain
from logocache.errors import DomainError

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
