import pytest

from harness.fake_cache import FakeCache
from logocache.cli.main import run
from logocache.cli.terminal import ExitCode

Captured = pytest.CaptureFixture[str]


def test_list_in_a_pipe_is_cells_between_tabs(capsys: Captured) -> None:
    run(["list"], opener=FakeCache().open)
    first, second = capsys.readouterr().out.splitlines()
    assert first.split("\t") == [
        "shopify",
        "cached",
        "site",
        "12345",
        "512",
        "480",
        "2026-01-28T12:00:00Z",
        "shopify_1f3a9c2e.png",
        "shopify.com",
        "Shopify",
        "transient",
        "2026-02-01T12:00:00Z",
        "timed out",
    ]
    assert second.split("\t") == [
        "acme",
        "pending",
        *[""] * 6,
        "acme.example",
        "Acme\ufffd[31m Inc",
        *[""] * 3,
    ]


def test_columns_are_chosen_and_a_mistyped_one_is_named_first(
    capsys: Captured,
) -> None:
    run(["list", "--columns", "reason, key,pixels"], opener=FakeCache().open)
    assert capsys.readouterr().out == "timed out\tshopify\t512×480\n\tacme\t\n"
    run(["refresh", "--columns", "reason,key"], opener=FakeCache().open)
    assert "  no source has a logo  acme\n" in capsys.readouterr().out
    for command in (["init"], ["refresh"], ["list"], ["clear", "--all", "--yes"]):
        cache = FakeCache()
        assert run([*command, "--columns", "key,colour"], opener=cache.open) == ExitCode.USAGE
        assert cache.calls == []
        assert "'colour' is not a column: use some of key, " in capsys.readouterr().err


def test_keys_alone_go_one_a_line(capsys: Captured) -> None:
    run(["list", "-q"], opener=FakeCache().open)
    assert capsys.readouterr().out == "shopify\nacme\n"
