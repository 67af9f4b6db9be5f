import subprocess
import sys

import pytest

from logocache.catalog import Catalog, builtin_catalog, load_catalog
from logocache.model import Integration, Origin


def integration(key: str, domain: str = "", *aliases: str, origin: Origin = Origin.CATALOG) -> Integration:
    return Integration(
        key=key,
        name=key.title(),
        domain=domain or f"{key}.com",
        category="test",
        aliases=aliases,
        origin=origin,
    )


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
        pytest.param("shop.shopify.com", "shopify", id="sub-domain"),
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
    assert [item.key for item in catalog] == ["zeta", "alpha"]
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


def test_finding_a_built_in_entry_loads_neither_suffix_list_nor_idna() -> None:
    program = """
import sys
from logocache.catalog import load_catalog
assert load_catalog(None).find("www.shopify.com").key == "shopify"
print(sorted({"idna", "publicsuffixlist", "simple_icons_pack"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
