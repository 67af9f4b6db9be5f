import csv
import json
import re
import subprocess
import sys
import textwrap
from collections import Counter
from dataclasses import replace
from pathlib import Path

import fontawesome_free_pack
import pytest
import simple_icons_pack

from logocache.catalog import BUILTIN_FILE, KEY_PATTERN, Catalog, builtin_catalog, load_catalog
from logocache.catalog.entry import checked
from logocache.catalog.files import read_entries
from logocache.errors import CatalogError
from logocache.model import Integration, Origin

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "catalogue.md"

CATEGORIES = {
    "accounting",
    "analytics",
    "cloud",
    "communication",
    "crm",
    "development",
    "ecommerce",
    "email",
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

builtin = pytest.mark.parametrize(
    "integration", [pytest.param(each, id=each.key) for each in builtin_catalog()]
)


def integration(key: str, domain: str = "", *aliases: str, origin: Origin = Origin.CATALOG) -> Integration:
    return Integration(
        key=key,
        name=key.title(),
        domain=domain or f"{key}.com",
        category="test",
        aliases=aliases,
        origin=origin,
    )


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def test_all_promised_integrations_are_built_in_under_their_category() -> None:
    found = {key: builtin_catalog().find(key) for key in PROMISED_KEYS}
    assert len(found) == 36
    assert {key: each and (each.key, each.category) for key, each in found.items()} == {
        key: (key, category) for keys, category in PROMISED.items() for key in keys.split()
    }


def test_at_least_forty_more_are_built_in() -> None:
    assert len(builtin_catalog()) >= len(PROMISED_KEYS) + 40


def test_the_built_in_categories_are_a_closed_set() -> None:
    assert {each.category for each in builtin_catalog()} == CATEGORIES


def test_the_built_in_file_obeys_all_rules_for_own_catalogues() -> None:
    entries = [checked(entry, BUILTIN_FILE) for entry in read_entries(BUILTIN_FILE)]
    blank = Integration(key="", name="", domain="", category="")
    assert [replace(blank, key=entry.key, **entry.fields) for entry in entries] == list(builtin_catalog())
    assert all({"name", "domain", "category"} <= entry.fields.keys() for entry in entries)


def test_each_built_in_name_leads_to_one_entry() -> None:
    catalog = builtin_catalog()
    names = Counter(name for each in catalog for name in {each.key, each.domain, *each.aliases})
    assert [name for name, count in names.items() if count > 1] == []
    assert all(
        catalog.find(name) is each for each in catalog for name in (each.key, each.domain, *each.aliases)
    )


@builtin
def test_built_in_slugs_exist_in_the_installed_icon_sets(integration: Integration) -> None:
    assert integration.icons.keys() <= {"simpleicons", "fontawesome", "logos"}
    if "simpleicons" in integration.icons:
        assert simple_icons_pack.get_icon(integration.icons["simpleicons"]) is not None
    if "fontawesome" in integration.icons:
        assert fontawesome_free_pack.get_icon(f"brands/{integration.icons['fontawesome']}") is not None


@builtin
def test_a_mark_without_a_colour_of_its_own_gets_one(integration: Integration) -> None:
    colourless = "fontawesome" in integration.icons and "simpleicons" not in integration.icons
    assert (integration.color is not None) == colourless


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


def test_the_built_in_catalogue_is_read_once() -> None:
    assert builtin_catalog() is builtin_catalog()
    assert load_catalog(None) is builtin_catalog()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param("shopify", "shopify", id="key"),
        pytest.param(" Shopify ", "shopify", id="key in other case"),
        pytest.param("x", "twitter", id="alias"),
        pytest.param("Authorize.Net", "authorize-net", id="domain in other case"),
        pytest.param("twitter.com", "twitter", id="alias domain"),
        pytest.param("www.shopify.com", "shopify", id="domain with www"),
        pytest.param("www.twitter.com", "twitter", id="alias domain with www"),
        pytest.param("https://www.shopify.com/pricing", "shopify", id="address"),
        pytest.param("shopify.com:443", "shopify", id="domain with port"),
        pytest.param("shop.shopify.com", None, id="sub-domain"),
        pytest.param("www.x", None, id="www before an alias"),
        pytest.param("acme", None, id="unknown key"),
        pytest.param("acme.test", None, id="unknown domain"),
        pytest.param("", None, id="nothing"),
        pytest.param("\x00\ud800", None, id="nonsense"),
        pytest.param("a" * 100_000, None, id="very long"),
    ],
)
def test_a_catalogue_finds_entries_by_all_their_names(name: str, key: str | None) -> None:
    found = builtin_catalog().find(name)
    assert (found.key if found else None) == key


@pytest.mark.parametrize(
    ("entries", "name", "key"),
    [
        pytest.param(
            (integration("other", "o.com", "acme"), integration("acme")),
            "acme",
            "acme",
            id="key before alias",
        ),
        pytest.param(
            (integration("b", "b.com", "acme.com"), integration("acme")),
            "acme.com",
            "acme",
            id="domain before alias",
        ),
        pytest.param(
            (integration("b", "one.com"), integration("a", "one.com")),
            "one.com",
            "b",
            id="first of one domain",
        ),
        pytest.param(
            (integration("a", "one.com"), integration("b", "one.com", origin=Origin.CUSTOM)),
            "one.com",
            "b",
            id="own domain before built-in domain",
        ),
        pytest.param(
            (integration("a", "a.com", "nick"), integration("b", "b.com", "nick", origin=Origin.CUSTOM)),
            "nick",
            "b",
            id="own alias before built-in alias",
        ),
        pytest.param(
            (integration("b", "b.com", "a", origin=Origin.CUSTOM), integration("a")),
            "a",
            "a",
            id="built-in key before own alias",
        ),
    ],
)
def test_of_several_entries_of_one_name_one_has_precedence(
    entries: tuple[Integration, ...], name: str, key: str
) -> None:
    found = Catalog(entries).find(name)
    assert found is not None
    assert found.key == key


def test_a_catalogue_keeps_its_order_and_is_immutable() -> None:
    catalog = Catalog((integration("zeta"), integration("alpha")))
    assert [each.key for each in catalog] == ["zeta", "alpha"]
    assert len(catalog) == 2
    with pytest.raises(AttributeError):
        catalog.integrations = ()  # type: ignore[misc]  # that it fails is the test
    with pytest.raises(TypeError):
        builtin_catalog().integrations[0].icons["other"] = "slug"  # type: ignore[index]  # as above


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("shopfy", "shopify", id="letter left out"),
        pytest.param("SHOPIFFY", "shopify", id="letter twice, in other case"),
        pytest.param("authorise-net", "authorize-net", id="other spelling"),
        pytest.param("shoppify.com", "shopify", id="domain"),
        pytest.param("www.shoppify.com", "shopify", id="domain with www"),
        pytest.param("zzzz", None, id="nothing near"),
        pytest.param("", None, id="nothing"),
        pytest.param("shopify" * 100_000, None, id="very long"),
    ],
)
def test_the_nearest_key_is_offered(text: str, key: str | None) -> None:
    assert builtin_catalog().nearest(text) == key


def test_own_entries_follow_the_built_in_ones(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [integration.acme]
        name = "Acme"
        domain = "WWW.Acme.test"
        aliases = ["acme-corp", "Acme.Example"]
        color = "#ff0000"
        pinned = true
        file = "logos/acme.svg"
        icons.logos = "acme"

        [integration.plain]
        name = "Plain"
        domain = "plain.test"
        category = "partners"
        """,
    )
    catalog = load_catalog(path)
    assert len(catalog) == len(builtin_catalog()) + 2
    assert catalog.integrations[: len(builtin_catalog())] == builtin_catalog().integrations
    assert catalog.integrations[-2:] == (
        Integration(
            key="acme",
            name="Acme",
            domain="acme.test",
            category="custom",
            origin=Origin.CUSTOM,
            aliases=("acme-corp", "acme.example"),
            icons={"logos": "acme"},
            color="#FF0000",
            pinned=True,
            file=tmp_path / "logos" / "acme.svg",
        ),
        Integration(
            key="plain", name="Plain", domain="plain.test", category="partners", origin=Origin.CUSTOM
        ),
    )
    assert catalog.find("www.acme.example") is catalog.integrations[-2]


def test_an_entry_for_a_built_in_key_keeps_the_fields_it_does_not_give(tmp_path: Path) -> None:
    before = builtin_catalog().find("slack")
    assert before is not None
    path = write(tmp_path, '[integration.slack]\ndomain = "slack.test"\nicons.other = "mine"\n')
    catalog = load_catalog(path)
    icons = {**before.icons, "other": "mine"}
    expected = replace(before, domain="slack.test", origin=Origin.CUSTOM, icons=icons)
    assert catalog.find("slack") == expected
    assert list(catalog).index(expected) == list(builtin_catalog()).index(before)
    assert builtin_catalog().find("slack") is before


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    fields = {
        "key": "acme",
        "name": 'Acme, "the" company',
        "domain": "acme.test",
        "category": "partners",
        "color": "#112233",
        "file": "acme.png",
    }
    toml = write(
        tmp_path,
        "[integration.acme]\n"
        + "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items() if name != "key")
        + 'aliases = ["a", "b.test"]\npinned = true\nicons.simpleicons = "acme"\nicons.logos = "acme-icon"\n',
    )
    entry = {
        **fields,
        "aliases": ["a", "b.test"],
        "pinned": True,
        "icons": {"simpleicons": "acme", "logos": "acme-icon"},
    }
    listed = write(tmp_path, json.dumps([entry]), "list.json")
    wrapped = write(tmp_path, json.dumps({"integrations": [entry]}), "object.json")
    table = tmp_path / "own.csv"
    row = {
        **fields,
        "aliases": "a b.test",
        "pinned": "TRUE",
        "icons.simpleicons": "acme",
        "icons.logos": "acme-icon",
    }
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    catalogs = [load_catalog(path) for path in (toml, listed, wrapped, table)]
    assert [catalog.find("acme") for catalog in catalogs] == [catalogs[0].find("acme")] * 4
    assert all(len(catalog) == len(builtin_catalog()) + 1 for catalog in catalogs)


def test_two_entries_may_share_a_domain(tmp_path: Path) -> None:
    path = write(tmp_path, "key,name,domain\na,A,one.test\nb,B,one.test\n", "own.csv")
    assert [each.key for each in load_catalog(path) if each.domain == "one.test"] == ["a", "b"]


def test_an_own_key_or_alias_takes_over_a_built_in_alias(tmp_path: Path) -> None:
    path = write(tmp_path, "key,name,domain,aliases\nx,Ex,ex.test,fb\n", "own.csv")
    catalog = load_catalog(path)
    assert [(name, each.key) for name in ("x", "fb") if (each := catalog.find(name))] == [
        ("x", "x"),
        ("fb", "x"),
    ]


@pytest.mark.parametrize(
    ("rows", "place", "problem"),
    [
        pytest.param(
            "a,A,a.test,\na,B,b.test,\n", "line 3", "'a' is used twice, first at line 2", id="key twice"
        ),
        pytest.param(
            "a,A,a.test,b\nb,B,b.test,\n", "line 2", "alias 'b' already belongs to 'b'", id="own key"
        ),
        pytest.param("a,A,a.test,slack\n", "line 2", "alias 'slack' already belongs", id="built-in key"),
        pytest.param(
            "a,A,a.test,n\nb,B,b.test,n\n", "line 3", "alias 'n' already belongs to 'a'", id="own alias"
        ),
        pytest.param(
            "a,A,a.test,n.test\nb,B,b.test,www.n.test\n",
            "line 3",
            "'n.test' already belongs to 'a'",
            id="alias domain",
        ),
        pytest.param("acme,,acme.test,\n", "line 2", "the field 'name' is missing", id="new without name"),
        pytest.param("acme,Acme,,\n", "line 2", "the field 'domain' is missing", id="new without domain"),
        pytest.param("shopfy,,shopify.test,\n", "line 2", "did you mean shopify?", id="near a built-in key"),
    ],
)
def test_entries_that_do_not_go_together_are_refused(
    tmp_path: Path, rows: str, place: str, problem: str
) -> None:
    path = write(tmp_path, f"key,name,domain,aliases\n{rows}", "own.csv")
    with pytest.raises(CatalogError) as caught:
        load_catalog(path)
    assert str(caught.value).startswith(f"{path}, {place}: ")
    assert problem in str(caught.value)


def test_an_entry_may_repeat_the_aliases_of_its_own_key(tmp_path: Path) -> None:
    path = write(tmp_path, "key,aliases\ntwitter,x twitter x.test\n", "own.csv")
    found = load_catalog(path).find("x.test")
    assert found is not None
    assert found.aliases == ("x", "twitter", "x.test")


@pytest.mark.parametrize(
    ("key", "fits"),
    [
        ("shopify", True),
        ("1password", True),
        ("a-b-c", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("Shopify", False),
        ("a--b", False),
        ("-a", False),
        ("a-", False),
        ("a.b", False),
        ("a_b", False),
        ("a/b", False),
        ("a\n", False),
        ("é", False),
        ("٣", False),
    ],
)
def test_keys_are_fit_for_file_names(key: str, fits: bool) -> None:  # noqa: FBT001  # a column of the table
    assert (KEY_PATTERN.fullmatch(key) is not None) == fits


def test_finding_a_built_in_entry_loads_neither_suffix_list_nor_idna() -> None:
    program = """
import sys
from logocache.catalog import load_catalog
assert load_catalog(None).find("www.shopify.com").key == "shopify"
print(sorted({"idna", "publicsuffixlist", "simple_icons_pack"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
