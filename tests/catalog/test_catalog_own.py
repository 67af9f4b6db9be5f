"""Own entries beside the built-in ones: formats, precedence, refusals."""

import csv
import json
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from logocache.catalog import KEY_PATTERN, builtin_catalog, load_catalog
from logocache.errors import CatalogError
from logocache.model import Integration, Origin


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


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
        "prefer": "simpleicons",
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
    assert [item.key for item in load_catalog(path) if item.domain == "one.test"] == ["a", "b"]


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
