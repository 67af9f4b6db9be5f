from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_group

from harness.fake_cache import FakeCache
from logocache.cli import options
from logocache.cli.main import FLAGS, VALUED, app, globals_first, run
from logocache.cli.terminal import ExitCode
from logocache.providers import registry


@pytest.mark.parametrize(
    ("typed", "ordered"),
    [
        pytest.param(["init"], ["init"], id="nothing to move"),
        pytest.param(["--quiet", "init"], ["--quiet", "init"], id="already in front"),
        pytest.param(["init", "--cache-dir", "x"], ["--cache-dir=x", "init"], id="value apart"),
        pytest.param(["init", "--config=x", "--force"], ["--config=x", "init", "--force"], id="value joined"),
        pytest.param(["init", "-vv", "--quiet"], ["-vv", "--quiet", "init"], id="flags, in order"),
        pytest.param(["list", "-q"], ["-q", "list"], id="-q"),
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
    assert declared == {*VALUED, *FLAGS} - {"-vv"}


def test_statuses_and_sort_keys_come_from_their_enums() -> None:
    assert options.statuses("") == ["cached", "placeholder", "pending"]
    assert options.sort_keys("a") == ["age", "accessed"]


def test_keys_are_those_of_the_built_in_catalogue() -> None:
    assert "shopify" in options.keys("")
    assert options.keys("shopi") == ["shopify"]
    assert options.keys("no such key") == []


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
    ("typed", "offered"),
    [
        pytest.param("st", ["status=cached", "status=placeholder", "status=pending", "stale"], id="names"),
        pytest.param("provider=s", ["provider=site"], id="values"),
    ],
)
def test_filters_offer_names_and_known_values(typed: str, offered: list[str]) -> None:
    assert options.filters(typed) == offered


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("n", ["never", "not_checked"], id="never, and a kind"),
        pytest.param("wa", ["warning"], id="a severity"),
        pytest.param("orphan,wrong_s", ["orphan,wrong_size"], id="a further kind"),
        pytest.param("orphan,warn", [], id="no severity among kinds"),
    ],
)
def test_fail_on_completes_the_last_kind(typed: str, offered: list[str]) -> None:
    assert options.failures(typed) == offered


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
