import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logocache.catalog import Catalog, load_catalog
from logocache.catalog.own import MAX_BYTES, read_entries
from logocache.errors import CatalogError

SUFFIXES = (".toml", ".json", ".csv")

unhurried = settings(deadline=None)
"""The first call may load the Public Suffix List."""

FRAGMENTS = st.sampled_from(
    [
        *"[]{}=,:\"'.#- \n\r\t",
        "[integration.acme]\n",
        "[[integration]]\n",
        "integration",
        '{"integrations": [',
        'key = "a"\n',
        '"key": "acme"',
        "key,name,domain,aliases,icons.logos,pinned\n",
        "acme,Acme,acme.test,a b.test,acme,true\n",
        "name",
        "domain",
        "aliases",
        '"acme.test"',
        "null",
        "true",
        "1979-05-27T07:32:00+99:99",
        "NaN",
        "1e999",
        "9" * 5000,
        "[" * 5000,
        "\\ud800",
        "\x00",
        "\x1b",
        "ü",
        '"""',
    ]
)
"""Pieces of which nearly valid files are made."""

contents = st.one_of(st.binary(), st.lists(FRAGMENTS, max_size=12).map(lambda parts: "".join(parts).encode()))


def write(folder: Path, content: str | bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def message_of(path: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        load_catalog(path)
    message = str(caught.value)
    assert message.startswith((str(path), f"the catalogue {path} "))
    assert len(message) < len(str(path)) + 500
    return message.removeprefix(str(path))


@pytest.mark.parametrize("suffix", SUFFIXES)
@unhurried
@given(content=contents)
def test_any_bytes_are_a_catalogue_or_a_catalogue_error(
    suffix: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.getbasetemp(), content, f"fuzz{suffix}")
    try:
        catalog: Catalog | None = load_catalog(path)
    except CatalogError as error:
        catalog = None
        message = str(error)
    else:
        message = str(path)
    assert str(path) in message
    assert message.isprintable()
    assert catalog is None or len(catalog) >= 1


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param("a.toml", "[integration.a]\nname = x\n", "line 2", id="TOML: syntax"),
        pytest.param("a.toml", "[integration.a]\n[integration.a]\n", "line 2", id="TOML: key twice"),
        pytest.param("a.toml", "x = " + "[" * 20_000, "nested too deep", id="TOML: too deep"),
        pytest.param("a.toml", "x = " + "9" * 5_000, "is not TOML", id="TOML: number too long"),
        pytest.param("a.toml", "[integrations.a]\n", "'integrations': it is unknown", id="TOML: other table"),
        pytest.param(
            "a.toml", "[[integration]]\nkey='a'\n", "[integration.<key>]", id="TOML: array of tables"
        ),
        pytest.param(
            "a.toml", "[integration]\na = 1\n", "entry 'a': it is not a table", id="TOML: entry no table"
        ),
        pytest.param(
            "a.toml", "[integration.a]\nkey = 'a'\n", "entry 'a': unknown field 'key'", id="TOML: key inside"
        ),
        pytest.param(
            "a.toml", "[integration.a]\nnmae = 'A'\n", "unknown field 'nmae'", id="TOML: unknown field"
        ),
        pytest.param("a.json", '[\n{"key": "a",}]', ", line 2: it is not JSON", id="JSON: syntax"),
        pytest.param("a.json", "", ", line 1: it is not JSON", id="JSON: empty"),
        pytest.param("a.json", "[" * 200_000, "nested too deep", id="JSON: too deep"),
        pytest.param("a.json", "[" + "9" * 5_000 + "]", "JSON that can be used", id="JSON: number too long"),
        pytest.param("a.json", '[{"key": "a", "key": "b"}]', "the field 'key' twice", id="JSON: field twice"),
        pytest.param("a.json", "{}", "no list of integrations", id="JSON: object without list"),
        pytest.param("a.json", '{"integrations": 1}', "no list of integrations", id="JSON: no list"),
        pytest.param("a.json", "[[]]", ", entry 1: it is not an object", id="JSON: entry no object"),
        pytest.param(
            "a.json", '[{"key": "a", "x": 1}]', ", entry 1 ('a'): unknown field 'x'", id="JSON: unknown field"
        ),
        pytest.param("a.json", '[{"key": 1}]', ", entry 1: 'key' is not a text", id="JSON: key no text"),
        pytest.param("a.json", '[{"name": "A"}]', ", entry 1: the field 'key' is missing", id="JSON: no key"),
        pytest.param(
            "a.json", '[{"key": null}]', ", entry 1: the field 'key' is missing", id="JSON: key null"
        ),
        pytest.param("a.csv", "", ", line 1: there is no column 'key'", id="CSV: empty"),
        pytest.param("a.csv", "key;name\na;A\n", ", line 1: unknown column 'key;name'", id="CSV: semicolons"),
        pytest.param("a.csv", "key,icons\n", ", line 1: unknown column 'icons'", id="CSV: icons without set"),
        pytest.param("a.csv", "key,icons.\n", ", line 1: unknown column 'icons.'", id="CSV: icons of no set"),
        pytest.param("a.csv", "key, key\n", ", line 1: two columns are called 'key'", id="CSV: column twice"),
        pytest.param(
            "a.csv", "key\na,b\n", ", line 2: it has 2 cells and the header 1", id="CSV: too many cells"
        ),
        pytest.param("a.csv", 'key\n\n"a"b\n', ", line 3: it is not CSV", id="CSV: quotes"),
        pytest.param("a.csv", 'key\n"a', ", line 2: it is not CSV", id="CSV: open quote"),
        pytest.param(
            "a.csv", "key,name\n" + "a," + "b" * 200_000, ", line 2: it is not CSV", id="CSV: cell too long"
        ),
        pytest.param(
            "a.csv",
            'key,aliases\nslack,"b\nc"\nA,\n',
            ", line 4: 'key' = 'A'",
            id="CSV: line after one of two lines",
        ),
        pytest.param(
            "a.csv", "name,key\nA\n", ", line 2: the field 'key' is missing", id="CSV: cells left out"
        ),
        pytest.param("a.csv", b"key\n\nb\xfccher\n", ", line 3: the text is not in UTF-8", id="Latin-1"),
        pytest.param("a.json", "[]".encode("utf-16"), ", line 1: the text is not in UTF-8", id="UTF-16"),
        pytest.param("a.json", b" " * (MAX_BYTES + 1), "larger than 4000000 bytes", id="too large"),
        pytest.param("a.yaml", "", ".toml, .json or .csv", id="other extension"),
        pytest.param("toml", "", ".toml, .json or .csv", id="no extension"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(
    tmp_path: Path, name: str, content: str | bytes, expected: str
) -> None:
    assert expected in message_of(write(tmp_path, content, name))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert "No such file" in message_of(tmp_path / "absent.toml")
    assert "not possible" in message_of(tmp_path / "a\x00.toml")
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    assert "it is a directory" in message_of(folder)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert "it is not a regular file" in message_of(pipe)
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    assert "cannot be read" in message_of(loop)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.toml", "[integration.acme]\nname = 'Ä'\n", id="TOML"),
        pytest.param(
            "a.TOML", "[integration.acme]\r\nname = 'Ä'\r\n", id="extension in upper case, Windows lines"
        ),
        pytest.param("a.json", '[{"key": "acme", "name": "Ä", "color": null}]', id="JSON"),
        pytest.param("a.csv", "key,name,color\nacme,Ä,\n", id="CSV"),
        pytest.param(
            "a.csv", " key , name \r\n\r\n acme , Ä \r\n,\r\n", id="CSV with spaces and empty lines"
        ),
        pytest.param("a.csv", "key,name,color\nacme,Ä", id="CSV with the last cell left out"),
    ],
)
@pytest.mark.parametrize(
    "mark", [pytest.param("", id="plain"), pytest.param("\ufeff", id="with byte order mark")]
)
def test_what_is_given_as_nothing_is_left_out(tmp_path: Path, name: str, content: str, mark: str) -> None:
    (entry,) = read_entries(write(tmp_path, mark + content, name))
    assert entry.values == {"key": "acme", "name": "Ä"}


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.toml", ""), ("a.json", "[]"), ("a.json", '{"integrations": []}'), ("a.csv", "key,name\n")],
)
def test_a_file_may_hold_no_entries(tmp_path: Path, name: str, content: str) -> None:
    assert read_entries(write(tmp_path, content, name)) == ()
