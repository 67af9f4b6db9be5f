"""Whatever is typed, and whatever files are called: an answer, or one line with its exit code."""

import json
import os
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logocache.cli.main import run

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="-=,.:/~%*[]{}\\'\"\x1b\n\r\udcff\udc80aB0 "),
    st.sampled_from(["9" * 20, "9" * 5_000, "x" * 1_000_000, "-1", "nan", "1e400", "\u202e", "xn--", "a.b"]),
)

FORMS = st.sampled_from(
    [
        ("list", "{}"),
        ("list", "--filter", "{}"),
        ("list", "--filter=text={}"),
        ("list", "--filter=provider={}"),
        ("list", "--filter=category={}"),
        ("list", "--filter=status={}"),
        ("list", "--sort", "{}"),
        ("list", "--limit", "{}"),
        ("refresh", "--limit", "1", "--", "{}"),
        ("init", "--", "{}"),
        ("clear", "--dry-run", "--", "{}"),
        ("clear", "--dry-run", "--older-than", "{}"),
        ("clear", "--dry-run", "--provider", "{}"),
        ("clear", "--dry-run", "--status", "{}"),
        ("verify", "--fail-on", "{}"),
        ("stats", "{}"),
        ("--config", "{}", "stats"),
        ("--database-url", "{}", "stats"),
        ("{}",),
        ("--{}",),
    ]
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache in which each command finds something to do, without a network."""
    directory = tmp_path_factory.mktemp("any") / "logos"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LOGO_CACHE_DIR", str(directory))
        patched.setenv("LOGO_CACHE_OFFLINE", "true")
        patched.chdir(directory.parent)
        assert typed("-q", "init", "stripe", "github")[0] == 0
        yield directory


def typed(*arguments: str) -> tuple[int, str, str]:
    """Exit code, and what was written to both outputs."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = run(arguments)
    return code, out.getvalue(), err.getvalue()


@pytest.mark.end_to_end
@pytest.mark.usefixtures("cache")
@settings(max_examples=60, deadline=None)
@given(FORMS, TEXTS)
def test_any_text_is_an_answer_or_one_line(form: tuple[str, ...], text: str) -> None:
    code, _, err = typed(*(argument.format(text) for argument in form))
    assert code in {0, 1, 2, 3}
    assert "this is a bug" not in err
    assert "Traceback" not in err
    if code in {2, 3}:
        assert err.count("\n") == 1 or "Usage:" in err


NAMES = [b"\xff.png", b"stripe_\xfe.png", b"a\nb.png", b"\x1b[2J.png", b"\xed\xa0\x80.png"]


@pytest.mark.parametrize(
    "command", [["verify"], ["clear", "--orphans", "--dry-run"], ["clear", "--orphans", "--yes"]]
)
def test_names_of_files_that_are_no_text_are_shown_all_the_same(cache: Path, command: list[str]) -> None:
    for name in NAMES:
        Path(os.fsdecode(os.fsencode(cache) + b"/" + name)).write_bytes(b"x")
    code, out, err = typed(*command)
    assert code in {0, 1}
    assert all(line.isprintable() for line in out.replace("\t", " ").splitlines())
    assert "bug" not in err
    for name in NAMES:
        Path(os.fsdecode(os.fsencode(cache) + b"/" + name)).write_bytes(b"x")
    code, out, _ = typed(*command, "--json")
    assert code in {0, 1}
    assert json.dumps(json.loads(out), ensure_ascii=False).encode()  # not so with half of a pair in it
