"""Output and questions at a terminal, through a pseudo-terminal."""

import json
import os
import signal

import pytest

from harness.fake_cache import FakeCache
from harness.program import on_terminal
from logocache.cli.main import run

pytestmark = pytest.mark.end_to_end

ESCAPE = "\x1b"


def test_clear_shows_the_plan_asks_and_acts() -> None:
    ended = on_terminal("clear", "--all", answer="y\n")
    plan, question, done = (ended.out.index(part) for part in ("shopify_1f3a", "[y/N]", "Cleared 1 logo"))
    assert plan < question < done
    assert "Clear 1 logo and 1 orphan file and free 13 kB? [y/N]" in ended.out
    assert ended.code == 0


@pytest.mark.parametrize("answer", ["n\n", "\n", "what?\n", "\x04"], ids=["no", "enter", "else", "ctrl-d"])
def test_anything_but_yes_clears_nothing(answer: str) -> None:
    ended = on_terminal("clear", "--all", answer=answer, NO_COLOR="1")
    assert "\nCleared nothing and freed 0 B." in ended.out
    assert ended.code == 0


def test_ctrl_c_at_the_question_clears_nothing() -> None:
    ended = on_terminal("clear", "--all", answer=signal.SIGINT)
    assert "Cleared" not in ended.out
    assert ended.code == 130


def test_json_is_pure_while_the_question_goes_to_the_terminal() -> None:
    reading, writing = os.pipe()
    ended = on_terminal("clear", "--all", "--json", answer="y\n", out=writing)
    os.close(writing)
    with os.fdopen(reading) as written:
        document = json.load(written)
    assert "stray.png" in ended.out
    assert "[y/N]" in ended.out
    assert document["dry_run"] is False
    assert document["freed_bytes"] == 13000


def test_yes_asks_nothing() -> None:
    ended = on_terminal("clear", "--all", "--yes")
    assert "[y/N]" not in ended.out
    assert "Cleared 1 logo" in ended.out


def test_progress_is_a_bar_that_leaves() -> None:
    ended = on_terminal("init")
    assert "3/3" in ended.out
    assert f"{ESCAPE}[?25h" in ended.out
    assert "logocache: fetched" not in ended.out


def test_quiet_shows_no_bar() -> None:
    ended = on_terminal("--quiet", "init")
    assert ended.out == ""


def test_listing_is_a_table_with_ages_and_no_control_characters_from_outside() -> None:
    ended = on_terminal("list", NO_COLOR="1")
    assert "Key" in ended.out
    assert "cached, stale, pinned" in ended.out
    assert "timed out" in ended.out
    assert "5 entries match, 2 shown." in ended.out
    assert f"{ESCAPE}[31m" not in ended.out


def test_colours_respect_no_color() -> None:
    assert f"{ESCAPE}[32m" in on_terminal("stats", "--full").out
    assert f"{ESCAPE}[32m" not in on_terminal("stats", "--full", NO_COLOR="1").out


def test_stats_draw_the_size_against_its_limit() -> None:
    assert f"[{'.' * 40}]" in on_terminal("stats", "--full", NO_COLOR="1").out


@pytest.mark.parametrize(("option", "coloured"), [("never", False), ("auto", False), ("always", True)])
def test_an_option_says_when_there_are_colours(option: str, coloured: bool) -> None:  # noqa: FBT001  # a case
    """On a terminal that asks for none; `never` is without bold letters, too."""
    shown = on_terminal("stats", "--full", "--color", option, NO_COLOR="1").out
    assert (f"{ESCAPE}[32m" in shown) is coloured
    assert (ESCAPE in shown) is (option != "never")


@pytest.mark.parametrize("command", ["list", "stats", "verify", "init"])
def test_always_is_as_for_a_terminal_in_a_pipe_too(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run([command], opener=FakeCache().open)
    assert ESCAPE not in capsys.readouterr().out
    run([command, "--color", "always"], opener=FakeCache().open)
    assert ESCAPE in capsys.readouterr().out
    run([command, "--color", "always", "--json"], opener=FakeCache().open)
    assert ESCAPE not in capsys.readouterr().out
