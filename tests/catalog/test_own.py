from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logocache.catalog.own import FIELDS, Entry, checked
from logocache.errors import CatalogError

PATH = Path("/etc/logos/own.json")

unhurried = settings(deadline=None)
"""The first call may load the Public Suffix List."""

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def check(**given: object) -> Entry:
    return checked(Entry(place="entry 1", values={"key": "acme", **given}), PATH)


@unhurried
@given(st.dictionaries(st.sampled_from(FIELDS), values))
def test_any_values_are_an_entry_or_a_catalogue_error(given_values: dict[str, object]) -> None:
    try:
        message = checked(Entry(place="line 2", values=given_values), PATH).place
    except CatalogError as error:
        message = str(error)
    assert "line 2" in message
    assert message.isprintable()
    assert len(message) < 500


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        pytest.param("name", " Acme & Söhne ", "Acme & Söhne", id="name"),
        pytest.param("name", "n" * 100, "n" * 100, id="longest name"),
        pytest.param("name", "می\u200cشم", "می\u200cشم", id="name with a joiner that Persian needs"),
        pytest.param("domain", "https://WWW.Bücher.de/x", "xn--bcher-kva.de", id="domain"),
        pytest.param("domain", "www.gov.uk", "www.gov.uk", id="domain that needs its www"),
        pytest.param("category", "my-partners", "my-partners", id="category"),
        pytest.param("aliases", ["b", "A.test", "b"], ("b", "a.test"), id="aliases, one twice"),
        pytest.param("aliases", [], (), id="no aliases"),
        pytest.param("color", "#aBcDeF", "#ABCDEF", id="color"),
        pytest.param("prefer", "IconSet", "iconset", id="prefer"),
        pytest.param("pinned", False, False, id="not pinned"),
        pytest.param(
            "icons", {"logos": "acme_2-x", "my-set": "a"}, {"logos": "acme_2-x", "my-set": "a"}, id="icons"
        ),
        pytest.param("file", "../a b.png", Path("/etc/logos/../a b.png"), id="relative file"),
        pytest.param("file", "/srv/a.png", Path("/srv/a.png"), id="absolute file"),
    ],
)
def test_a_value_that_obeys_its_rule_is_kept_in_one_form(field: str, given: object, kept: object) -> None:
    assert check(**{field: given}) == Entry(place="entry 1", values={"key": "acme", field: kept})


def test_a_relative_catalogue_still_gives_absolute_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = Entry(place="line 2", values={"key": "acme", "file": "a.png"})
    assert checked(entry, Path("sub/own.csv")).values["file"] == tmp_path / "sub" / "a.png"


@pytest.mark.parametrize(
    ("field", "given", "problem"),
    [
        pytest.param("key", "Acme", "'key' = 'Acme' is not allowed: write at most 64", id="key"),
        pytest.param("key", ["acme"], "'key' is not a text", id="key: type"),
        pytest.param("name", "", "'name' is empty", id="name: empty"),
        pytest.param("name", " \n", "'name' is empty", id="name: white space"),
        pytest.param("name", "n" * 101, "'name' has 101 characters: at most 100", id="name: too long"),
        pytest.param("name", "Ac\x1bme", r"'name' = 'Ac\x1bme' holds control characters", id="name: escape"),
        pytest.param("name", "Ac\x00me", "holds control characters", id="name: NUL"),
        pytest.param("name", "Ac\nme", "holds control characters", id="name: line end"),
        pytest.param("name", "Ac\u2028me", "holds control characters", id="name: line separator"),
        pytest.param("name", "Ac\u202eme", "holds control characters", id="name: right-to-left override"),
        pytest.param("name", "Ac\ud800me", "holds control characters", id="name: half of a surrogate pair"),
        pytest.param("name", 5, "'name' is not a text", id="name: type"),
        pytest.param(
            "domain", "localhost", "'localhost' is not a public domain name: it has no dot", id="domain"
        ),
        pytest.param("domain", True, "'domain' is not a text", id="domain: type"),
        pytest.param("category", "My Partners", "'category' = 'My Partners' is not allowed", id="category"),
        pytest.param("aliases", "acme-corp", "'aliases' is not a list", id="aliases: type"),
        pytest.param("aliases", ["a", 1], "'aliases' is not a text", id="aliases: type inside"),
        pytest.param("aliases", ["Acme Corp"], "'aliases' = 'Acme Corp' is not allowed", id="alias: key"),
        pytest.param("aliases", ["1.2.3.4"], "'1.2.3.4' is not a public domain name", id="alias: domain"),
        pytest.param("color", "red", "'color' = 'red' is not allowed: write #RRGGBB", id="color"),
        pytest.param("color", "#fff", "'color' = '#fff' is not allowed", id="color: short form"),
        pytest.param("color", 0xFFFFFF, "'color' is not a text", id="color: type"),
        pytest.param(
            "pinned", "yes", "'pinned' = 'yes' is not allowed: write true or false", id="pinned: text"
        ),
        pytest.param("pinned", 1, "'pinned' is not allowed: write true or false", id="pinned: number"),
        pytest.param("icons", "acme", "'icons' has no icon sets", id="icons: type"),
        pytest.param("icons", {"logos": None}, "'icons.logos' is not a text", id="icons: slug type"),
        pytest.param("icons", {"logos": "../x"}, "'icons.logos' = '../x' is not allowed", id="icons: slug"),
        pytest.param(
            "icons",
            {str(number): "" for number in range(101)},
            "'icons' names 101 icon sets: at most 100",
            id="icons: too many",
        ),
        pytest.param("icons", {"a b": "x"}, "'icons' = 'a b' is not allowed", id="icons: set"),
        pytest.param("file", "", "'file' is empty", id="file: empty"),
        pytest.param("file", "a\x00b", "'file' = 'a\\x00b' holds control characters", id="file: NUL"),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused_with_place_and_rule(
    field: str, given: object, problem: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        check(**{field: given})
    assert str(caught.value).startswith(f"{PATH}, entry 1: ")
    assert problem in str(caught.value)
