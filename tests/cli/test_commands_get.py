"""`logocache get`: what was typed becomes a variant, and its bytes a file."""

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.fake_cache import FakeCache
from logocache.cli.main import run
from logocache.cli.terminal import ExitCode
from logocache.queries import ImageFormat, Shape, Variant

LOOK = Variant(
    size=64, format=ImageFormat.WEBP, greyscale=True, shape=Shape.SQUARE, padding=10, background="f5f5f5"
)
OPTIONS = [
    *("--size", "64", "--format", "webp", "--greyscale", "--shape", "square"),
    *("--padding", "10", "--background", "F5f5f5"),
]


@pytest.mark.parametrize(("options", "variant"), [([], Variant()), (OPTIONS, LOOK)], ids=["stored", "all"])
def test_a_logo_is_written_to_a_file(options: Sequence[str], variant: Variant, tmp_path: Path) -> None:
    cache, file = FakeCache(), tmp_path / "a.png"
    assert run(["get", "a", *options, "-o", str(file)], opener=cache.open) == ExitCode.FINE
    assert cache.calls == [("image", ("a", variant))]
    assert file.read_bytes() == f"{variant.label} of a".encode()


def test_without_a_file_it_goes_to_standard_output(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["get", "a"], opener=FakeCache().open) == ExitCode.FINE
    assert capsysbinary.readouterr().out == b"full-png of a"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_no_image(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.redirect_stdout(Terminal()):
        assert run(["get", "a"], opener=FakeCache().open) == ExitCode.USAGE
    assert "use -o FILE, or a pipe" in capsys.readouterr().err


def test_no_logo_is_a_finding_and_writes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    assert run(["get", "nothing", "-o", str(file)], opener=FakeCache().open) == ExitCode.PROBLEMS
    assert "run `logocache refresh nothing`" in capsys.readouterr().err
    assert not file.exists()


def test_a_place_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "missing" / "a.png"
    assert run(["get", "a", "-o", str(file)], opener=FakeCache().open) == ExitCode.COULD_NOT_RUN
    assert f"{file} cannot be written (No such file or directory)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--size", "15"], "15 is not a size: use 16 to 512"),
        (["--padding", "41", "--shape", "square"], "41 is not a padding: use 0 to 40"),
        (["--padding", "1"], "padding needs a square"),
        (["--background", "red"], "'red' is not a background: use transparent, white or six"),
        (["--format", "gif"], "'gif' is not a format: use one of png, jpg, webp"),
        (["--shape", "round"], "'round' is not a shape: use one of original, square"),
    ],
)
def test_a_look_that_does_not_exist_is_refused(
    options: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = FakeCache()
    assert run(["get", "a", *options], opener=cache.open) == ExitCode.USAGE
    assert said in capsys.readouterr().err
    assert cache.calls == []
