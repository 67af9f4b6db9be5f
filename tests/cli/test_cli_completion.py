import pytest

from logocache.cli import options
from logocache.providers import registry


def test_statuses_and_sort_keys_come_from_their_enums() -> None:
    assert options.statuses("") == ["cached", "placeholder", "pending"]
    assert options.sort_keys("a") == ["age", "accessed"]


def test_keys_are_those_of_the_built_in_catalogue() -> None:
    assert "shopify" in options.keys("")
    assert options.keys("shopi") == ["shopify"]
    assert options.keys("no such key") == []


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
