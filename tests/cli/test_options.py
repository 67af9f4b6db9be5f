from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_group

from harness.fake_cache import FakeCache
from logocache.cli import options
from logocache.cli.main import FLAGS, LETTERS, VALUED, app, globals_first, run
from logocache.cli.terminal import ExitCode
from logocache.providers import registry


@pytest.mark.parametrize(
    ("typed", "ordered"),
    [
        pytest.param(["init"], ["init"], id="nothing to move"),
        pytest.param(["--quiet", "init"], ["--quiet", "init"], id="already in front"),
        pytest.param(["init", "--cache-dir", "x"], ["--cache-dir=x", "init"], id="value apart"),
        pytest.param(["init", "--config=x", "--force"], ["--config=x", "init", "--force"], id="value joined"),
        pytest.param(["init", "-vv", "--quiet"], ["-v", "-v", "--quiet", "init"], id="flags, in order"),
        pytest.param(["list", "-q"], ["-q", "list"], id="-q"),
        pytest.param(["clear", "-yq"], ["-q", "clear", "-y"], id="in a bundle, last"),
        pytest.param(["clear", "-vyv"], ["-v", "-v", "clear", "-y"], id="in a bundle, around"),
        pytest.param(["get", "x", "-qo", "q"], ["-q", "get", "x", "-o", "q"], id="before one with a value"),
        pytest.param(["get", "x", "-oq"], ["get", "x", "-oq"], id="a value is no bundle"),
        pytest.param(["list", "-qx"], ["-q", "list", "-x"], id="beside an unknown one"),
        pytest.param(["list", "--color", "never"], ["--color=never", "list"], id="--color"),
        pytest.param(["list", "--", "-v"], ["list", "--", "-v"], id="nothing behind two dashes"),
        pytest.param(["init", "--cache-dir"], ["--cache-dir"], id="a missing value is left to the parser"),
        pytest.param(
            ["init", "--cache-dir", "--weird"], ["--cache-dir=--weird", "init"], id="a value like an option"
        ),
    ],
)
def test_global_options_may_stand_anywhere(typed: Sequence[str], ordered: Sequence[str]) -> None:
    assert globals_first(typed) == ordered


@given(st.lists(st.sampled_from(["init", "-v", "-q", "--json", "--config", "a b", "--", "--quiet"])))
def test_ordering_twice_is_ordering_once(typed: list[str]) -> None:
    assert globals_first(globals_first(typed)) == globals_first(typed)


def test_the_movable_options_are_those_of_the_program() -> None:
    own = {"--help", "-h", "--version", "--install-completion", "--show-completion"}
    declared = {option for parameter in get_group(app).params for option in parameter.opts} - own
    assert declared == {*VALUED, *FLAGS, *(f"-{letter}" for letter in LETTERS)}


def test_only_o_has_a_value_among_the_options_of_one_letter() -> None:
    program = get_group(app)
    parameters = [parameter for command in every_command(program) for parameter in command.params]
    letters = {
        option
        for parameter in parameters
        if isinstance(parameter, TyperOption) and not (parameter.is_flag or parameter.count)
        for option in parameter.opts
        if not option.startswith("--")
    }
    assert letters == {"-o"}


def every_command(command: TyperCommand | TyperGroup) -> Iterator[TyperCommand | TyperGroup]:
    yield command
    for single in command.commands.values() if isinstance(command, TyperGroup) else ():
        yield from every_command(cast("TyperCommand", single))


HELP = [
    context
    for command in get_group(app).commands.values()
    for context in (
        [[command.name or "", name] for name in ("", *command.commands)]
        if isinstance(command, TyperGroup)
        else [[command.name or ""]]
    )
]


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_every_help_lists_the_global_options_and_names_no_type_of_python(
    words: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*(word for word in words if word), "--help"]) == ExitCode.FINE
    shown = capsys.readouterr().out
    _, _, listed = shown.partition("Global options:\n")
    for option in (*VALUED, *FLAGS):
        assert f" {option} " in listed
    assert "--version" not in listed
    assert "--show-completion" not in listed
    assert "<" not in shown.replace("<=", "")


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        pytest.param("list", "Usage: logocache list [OPTIONS] [KEY…]\n", id="any number"),
        pytest.param("get", "Usage: logocache get [OPTIONS] KEY\n", id="exactly one"),
    ],
)
def test_the_usage_names_keys(command: str, usage: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([command, "--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(usage)
    assert f"\n  {usage.rsplit(maxsplit=1)[-1].strip('[]')}  " in shown


@pytest.mark.parametrize("color", ["Always", "", "yes"])
def test_another_use_of_colour_is_an_error_that_lists_them(
    color: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = FakeCache()
    assert run(["stats", f"--color={color}"], opener=cache.open) == ExitCode.USAGE
    assert cache.calls == []
    assert "use one of auto, always, never" in capsys.readouterr().err


def test_statuses_and_sort_keys_come_from_their_enums() -> None:
    assert options.statuses("") == ["cached", "placeholder", "pending"]
    assert options.sort_keys("a") == ["age", "accessed"]


OWN = '[integration.zebra]\nname = "Zebra"\ndomain = "zebra.example"\ncategory = "striped"\n'


def offered(*words: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is offered for the last word, where bash has broken the line into these."""
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("_LOGOCACHE_COMPLETE", "complete_bash")
        shell.setenv("COMP_WORDS", "\n".join(["logocache", *words]))
        shell.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit):
            run(())
    return capsys.readouterr().out.split()


STATUSES = ["cached", "placeholder", "pending"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("list", "--filter", "status", "="), STATUSES, id="nothing behind ="),
        pytest.param(("list", "--filter", "status", "=", "pl"), ["placeholder"], id="a part"),
        pytest.param(("list", "--filter", "status=pl"), ["status=placeholder"], id="unbroken"),
        pytest.param(("list", "--filter", "=", "status", "=", "p"), STATUSES[1:], id="= twice"),
        pytest.param(("list", "--filter", "stat"), [f"status={status}" for status in STATUSES], id="name"),
        pytest.param(("list", "--filter", "category", "=", "pay"), ["payments"], id="a category"),
        pytest.param(("list", "--sort", "=", "si"), ["size"], id="= behind an option"),
        pytest.param(("list", "--color", "=", "al"), ["always"], id="a global option behind a command"),
        pytest.param(("--color", ""), ["auto", "always", "never"], id="and before it"),
        pytest.param(("get", "shopi"), ["shopify"], id="a key"),
        pytest.param(("get", "no-such-key"), [], id="no key"),
    ],
)
def test_bash_is_offered_what_it_can_put_behind_the_last_word_break(
    words: Sequence[str], expected: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert offered(*words, capsys=capsys) == expected


def test_keys_and_categories_are_those_of_your_own_catalogue_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own, config = tmp_path / "own.toml", tmp_path / "settings.toml"
    own.write_text(OWN, encoding="utf-8")
    config.write_text(f'catalog = "{own}"\n', encoding="utf-8")
    assert offered("init", "zeb", capsys=capsys) == []
    assert offered("init", "--config", str(config), "zeb", capsys=capsys) == ["zebra"]
    monkeypatch.setenv("LOGO_CACHE_CATALOG", str(own))
    assert offered("clear", "zeb", capsys=capsys) == ["zebra"]
    assert offered("list", "--filter", "category", "=", "str", capsys=capsys) == ["striped"]
    own.write_text("broken", encoding="utf-8")
    assert offered("init", "shopi", capsys=capsys) == ["shopify"]
    monkeypatch.setenv("LOGO_CACHE_CATALOG", str(tmp_path / "none.toml"))
    assert offered("init", "shopi", capsys=capsys) == ["shopify"]


def test_icon_sets_are_those_of_the_settings_and_none_where_these_are_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGO_CACHE_ICONIFY_SETS", "logos,devicon")
    assert options.icon_sets("dev") == ["devicon"]
    monkeypatch.setenv("LOGO_CACHE_ICONIFY_SETS", "../x")
    assert options.icon_sets("") == []


def test_providers_are_those_of_the_registry_and_those_always_there() -> None:
    assert set(options.PROVIDERS) == {*registry.REGISTRY, *registry.ALWAYS_THERE}


def test_providers_are_offered_when_they_begin_so() -> None:
    assert options.providers("goo") == ["google"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("n", ["never", "not_checked"], id="never, and a kind"),
        pytest.param("wa", ["warning"], id="a severity"),
        pytest.param("orphan,wrong_s", ["orphan,wrong_size"], id="a further kind"),
        pytest.param("orphan,warn", [], id="no severity among kinds"),
    ],
)
def test_fail_on_completes_the_last_kind(typed: str, expected: list[str]) -> None:
    assert options.failures(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        ["list", "--filter", "provider=sites"],
        ["clear", "--provider", "sites", "--dry-run"],
        ["list", "--filter", "status=sites"],
    ],
    ids=" ".join,
)
def test_a_mistyped_value_is_an_error_that_lists_the_values(
    typed: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    cache = FakeCache()
    assert run(typed, opener=cache.open) == ExitCode.USAGE
    assert cache.calls == []
    assert "'sites' is not a " in (error := capsys.readouterr().err)
    assert "use one of " in error


def test_a_mistyped_category_is_an_error_that_lists_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cache = FakeCache()
    right, wrong = ["--filter", "category=ecommerce"], ["--filter", "category=ecomerce"]
    assert run(["list", *right, *wrong], opener=cache.open) == ExitCode.USAGE
    assert "list" not in dict(cache.calls)
    assert "'ecomerce' is not a category: use one of ecommerce" in capsys.readouterr().err
    assert run(["list", *right], opener=cache.open) == ExitCode.FINE
    assert "list" in dict(cache.calls)
