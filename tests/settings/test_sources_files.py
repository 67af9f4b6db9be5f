"""Files that the operator names: plain ones are read, and nothing else can hold or fill the program."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.cli.main import run
from logocache.settings.sources import DEEPEST_TOML_NAME, parse_toml, read_input


def test_a_plain_file_is_read_and_links_to_it_are_followed(tmp_path: Path) -> None:
    """Kubernetes mounts each file of a secret as a link to a link."""
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "data").symlink_to(tmp_path / "file")
    (tmp_path / "link").symlink_to("data")
    assert read_input(tmp_path / "link", most=10) == b"0123456789"


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(10**13)
    with pytest.raises(OSError, match="larger than 1000 bytes"):
        read_input(path, most=1000)


@pytest.mark.parametrize(
    "name", ["pipe", "zero", "null", "folder", "socket", "absent", "loop", "a\0b", "\udc80\ud800"]
)
def test_what_is_no_plain_file_is_an_error_with_its_reason_and_never_waited_for(
    tmp_path: Path, name: str
) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "zero").symlink_to("/dev/zero")
        (tmp_path / "null").symlink_to("/dev/null")
        (tmp_path / "folder").mkdir()
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(OSError) as caught:  # noqa: PT011  # the reason is what is looked at
            read_input(tmp_path / name, most=1000)
    assert caught.value.strerror
    assert caught.value.strerror.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(".".join("a" * 2_000_000) + " = 1", id="one name"),
        pytest.param("[" + ".".join("a" * 2_000_000) + "]", id="one header"),
        pytest.param("a = {" + " . ".join(["'x'", '"y"'] * 500_000) + " = 1}", id="quoted, in a table"),
        pytest.param((".".join("a" * 40) + ".b = 1\n") * 50_000, id="many names"),
        pytest.param("a = " + "[" * 100_000, id="lists"),
        pytest.param("a = " + "{a = " * 100_000, id="tables"),
        pytest.param("a = " + "9" * 5_000, id="a number"),
    ],
)
def test_toml_that_would_take_minutes_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        parse_toml(text)
    assert str(caught.value).isprintable()


def test_names_of_bearable_depth_and_texts_with_dots_are_fine() -> None:
    name = ".".join("a" * DEEPEST_TOML_NAME)
    document = parse_toml(f"{name} = 1\nb = '...................'\nc = 'x. y. z.'")
    assert document["b"] == "." * 19


@given(st.text() | st.text(alphabet="a.=[]{}\"'\n#1-, "))
def test_any_text_is_a_document_or_a_value_error(text: str) -> None:
    try:
        document = parse_toml(text)
    except ValueError:
        return
    assert isinstance(document, dict)


@pytest.mark.parametrize(
    ("variable", "arguments"),
    [
        ("LOGO_CACHE_CONFIG", ["list"]),
        ("LOGO_CACHE_ADMIN_TOKEN_FILE", ["list"]),
        ("LOGO_CACHE_DATABASE_URL_FILE", ["list"]),
        ("LOGO_CACHE_CATALOG", ["list"]),
        ("LOGO_CACHE_ICONIFY_FILES", ["init", "stripe"]),
        ("SSL_CERT_FILE", ["init", "stripe"]),
    ],
)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "absent", "other text"])
def test_each_such_file_is_one_line_and_exit_code_2(
    tmp_path: Path,
    variable: str,
    arguments: list[str],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / f"{kind}.json"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "other text":
            path.write_text("x")
    monkeypatch.setenv("LOGO_CACHE_DIR", str(tmp_path / "logos"))
    # Authorities are for those who ask the network; with wrong ones it is not asked.
    monkeypatch.setenv("LOGO_CACHE_OFFLINE", str(variable != "SSL_CERT_FILE"))
    monkeypatch.setenv(variable, str(path))
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert str(path) in shown.err or (kind == "other text" and variable.removesuffix("_FILE") in shown.err)
    assert shown.err.startswith("logocache: error: ")
    assert shown.err.count("\n") == 1
