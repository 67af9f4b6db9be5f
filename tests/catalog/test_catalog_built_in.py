"""The built-in catalogue: promised entries, obeyed rules, documented table."""

import re
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fontawesome_free_pack
import pytest
import simple_icons_pack

from logocache.catalog import BUILTIN_FILE, builtin_catalog, load_catalog
from logocache.catalog.own import checked, read_entries
from logocache.model import Integration, Origin
from logocache.providers import iconify

PROMISED = {
    "shopify amazon woocommerce bigcommerce magento": "ecommerce",
    "stripe paypal square authorize-net": "payments",
    "facebook instagram twitter linkedin tiktok youtube pinterest snapchat": "social",
    "mailchimp hubspot klaviyo": "marketing",
    "segment mixpanel amplitude": "analytics",
    "slack discord zoom twilio": "communication",
    "sendgrid mailgun postmark": "email",
    "salesforce": "crm",
    "zendesk intercom": "support",
    "google microsoft apple": "technology",
}
PROMISED_KEYS = [key for keys in PROMISED for key in keys.split()]

COMPANIES = {
    "apple.com": "apple",
    "aws.amazon.com": "aws",
    "azure.microsoft.com": "azure",
    "cloud.google.com": "google-cloud",
    "elastic.co": "elastic",
    "firebase.google.com": "firebase",
    "freshworks.com": "freshworks",
    "github.com": "github",
    "microsoft.com": "microsoft",
    "oracle.com": "oracle",
    "zoho.com": "zoho",
}
"""By domain, where several built-in entries have the same."""

OUTDATED_IN_LOGOS = (
    *("auth0", "grammarly", "instagram", "intercom", "linear", "patreon", "redis", "sonarqube", "twitch"),
    "wordpress",
)

ICONIFY_LOGOS = Path(__file__).parents[2] / "node_modules" / "@iconify-json" / "logos" / "icons.json"
"""The set `logos`, where somebody has run `npm install --no-save @iconify-json/logos`."""


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


DOCUMENTATION = Path(__file__).parents[2] / "docs" / "catalogue.md"

CATEGORIES = {
    "accounting",
    "ai",
    "analytics",
    "cloud",
    "cms",
    "communication",
    "crm",
    "database",
    "development",
    "ecommerce",
    "email",
    "hr",
    "identity",
    "marketing",
    "payments",
    "productivity",
    "shipping",
    "social",
    "storage",
    "support",
    "technology",
}


def test_all_promised_integrations_are_built_in_under_their_category() -> None:
    found = {key: builtin_catalog().find(key) for key in PROMISED_KEYS}
    assert len(found) == 36
    assert {key: each and (each.key, each.category) for key, each in found.items()} == {
        key: (key, category) for keys, category in PROMISED.items() for key in keys.split()
    }


def test_at_least_four_hundred_are_built_in_and_most_have_an_icon() -> None:
    assert len(builtin_catalog()) >= 400
    assert sum(bool(item.icons) for item in builtin_catalog()) > len(builtin_catalog()) / 2


def test_the_built_in_categories_are_a_closed_set() -> None:
    assert {item.category for item in builtin_catalog()} == CATEGORIES


def test_the_built_in_file_obeys_all_rules_for_own_catalogues() -> None:
    entries = [checked(entry, BUILTIN_FILE) for entry in read_entries(BUILTIN_FILE)]
    blank = Integration(key="", name="", domain="", category="")
    assert [replace(blank, **entry.values) for entry in entries] == list(builtin_catalog())
    assert all({"name", "domain", "category"} <= entry.values.keys() for entry in entries)


def test_each_built_in_key_and_alias_leads_to_one_entry() -> None:
    catalog = builtin_catalog()
    names = Counter(name for item in catalog for name in {item.key, *item.aliases})
    assert [name for name, count in names.items() if count > 1] == []
    assert all(catalog.find(name) is item for item in catalog for name in (item.key, *item.aliases))


def test_a_shared_domain_leads_to_the_company_and_not_to_one_of_its_products() -> None:
    domains = Counter(item.domain for item in builtin_catalog())
    shared = {domain: builtin_catalog().find(domain) for domain, count in domains.items() if count > 1}
    assert {domain: found and found.key for domain, found in shared.items()} == COMPANIES


def test_a_product_at_its_companys_domain_prefers_the_mark_of_its_own() -> None:
    """The site there shows the company's icon."""
    company = {domain: builtin_catalog().find(domain) for domain in COMPANIES}
    of_its_own = {
        each.key
        for each in builtin_catalog()
        if (owner := company.get(each.domain)) and set(each.icons.values()) - set(owner.icons.values())
    }
    assert {each.key for each in builtin_catalog() if each.prefer == "iconset"} == of_its_own - {
        *COMPANIES.values()
    }


def test_outdated_marks_of_a_set_are_left_out() -> None:
    sets = {entry.key: set(entry.icons) for entry in builtin_catalog()}
    for key in OUTDATED_IN_LOGOS:
        assert "logos" not in sets[key], key
        assert "simpleicons" in sets[key], key


def test_built_in_slugs_exist_in_the_installed_icon_sets() -> None:
    finders: dict[str, Callable[[str], object]] = {
        "simpleicons": simple_icons_pack.get_icon,
        "fontawesome": lambda slug: fontawesome_free_pack.get_icon(f"brands/{slug}"),
        "logos": lambda slug: slug,
    }
    slugs = [(icon_set, slug) for item in builtin_catalog() for icon_set, slug in item.icons.items()]
    assert [(icon_set, slug) for icon_set, slug in slugs if finders[icon_set](slug) is None] == []


@pytest.mark.skipif(not ICONIFY_LOGOS.exists(), reason="@iconify-json/logos is not installed by npm")
def test_built_in_slugs_exist_in_logos() -> None:
    logos = iconify.load(ICONIFY_LOGOS)
    slugs = [each.icons["logos"] for each in builtin_catalog() if "logos" in each.icons]
    assert [slug for slug in slugs if logos.svg(slug) is None] == []


def test_a_mark_without_a_colour_of_its_own_gets_one() -> None:
    assert {each.key for each in builtin_catalog() if each.color is not None} == {
        each.key
        for each in builtin_catalog()
        if "fontawesome" in each.icons and "simpleicons" not in each.icons
    }


def test_the_installed_icon_sets_have_all_promised_integrations_but_seven() -> None:
    missing = {
        key
        for key in PROMISED_KEYS
        if (each := builtin_catalog().find(key)) and not {"simpleicons", "fontawesome"} & each.icons.keys()
    }
    assert missing == {"authorize-net", "klaviyo", "segment", "amplitude", "twilio", "sendgrid", "postmark"}


@pytest.mark.docs
def test_the_documented_table_is_the_built_in_catalogue() -> None:
    rows = [line for line in DOCUMENTATION.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.count("|") == 6] == [
        f"| `{each.key}` | {each.name} | {each.domain} | {each.category} | {', '.join(each.aliases)} |"
        for each in builtin_catalog()
    ]


@pytest.mark.docs
def test_the_documented_examples_say_the_same_in_all_formats(tmp_path: Path) -> None:
    blocks = re.findall(r"```(toml|json|csv)\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    catalogs = [load_catalog(write(tmp_path, text, f"own.{suffix}")) for suffix, text in blocks]
    assert [suffix for suffix, _ in blocks] == ["toml", "json", "csv"]
    assert catalogs[0] == catalogs[1] == catalogs[2]
    assert sum(catalog.origin is Origin.CUSTOM for catalog in catalogs[0]) == 2
