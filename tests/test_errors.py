"""One tree of errors, each with a stable code and a next step."""

import inspect

from logocache import errors
from logocache.errors import ConfigurationError, LogoCacheError, SettingsError, UnavailableError

TREE = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, LogoCacheError)]


def test_every_error_has_a_code_of_its_own() -> None:
    assert len({each.code for each in TREE}) == len(TREE)
    assert all("code" in vars(each) for each in TREE)


def test_every_error_is_the_callers_or_the_surroundings() -> None:
    leaves = set(TREE) - {LogoCacheError}
    assert all(issubclass(each, ConfigurationError) != issubclass(each, UnavailableError) for each in leaves)


def test_every_error_is_in_the_drawn_tree() -> None:
    assert all(each.__name__ in (errors.__doc__ or "") for each in TREE)


def test_an_error_is_one_line_with_the_next_step() -> None:
    error = SettingsError("a value\nis wrong", hint="write\tanother")
    assert str(error) == "a value is wrong: write another"
    assert (error.problem, error.hint) == ("a value is wrong", "write another")
