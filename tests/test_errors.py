"""One tree of errors, each with a stable code and a next step; and every exception can travel."""

import collections.abc
import copy
import errno
import importlib
import inspect
import pickle
import pkgutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

import logocache
from logocache import errors
from logocache.errors import (
    NO_THREAD,
    ConfigurationError,
    LogoCacheError,
    SettingsError,
    UnavailableError,
    UnknownKeyError,
    needs_extra,
    raise_if_exhausted,
)
from logocache.model import OutcomeKind
from logocache.ports import Answer
from logocache.server.problems import Problem, ProblemError

TREE = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, LogoCacheError)]

SAMPLES: Mapping[Any, Any] = {
    str: "two  words",
    int: 15,
    float: 1.5,
    bool: True,
    datetime: datetime(2026, 11, 25, tzinfo=UTC),
    OutcomeKind: OutcomeKind.THROTTLED,
    Answer: Answer(kind=OutcomeKind.ERROR, url="https://cdn.test/icons.json", reason="no answer in time"),
    "mapping": {"Retry-After": "3"},
}
"""A value of each type that an exception's constructor takes."""


def modules() -> Iterator[str]:
    yield logocache.__name__
    for found in pkgutil.walk_packages(logocache.__path__, f"{logocache.__name__}."):
        if ".migrations." not in found.name and not found.name.endswith("__main__"):  # they act when imported
            yield found.name


def all_exceptions() -> list[type[BaseException]]:
    """Every exception class that a module of the package defines."""
    return sorted(
        {
            var
            for name in modules()
            for var in vars(importlib.import_module(name)).values()
            if inspect.isclass(var) and issubclass(var, BaseException) and var.__module__ == name
        },
        key=lambda each: (each.__module__, each.__qualname__),
    )


def sample_of(hint: Any) -> Any:
    """`Any`: an annotation may be any object. A KeyError asks for a further sample."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    wanted = next(option for option in options if option is not NoneType)
    return SAMPLES["mapping" if get_origin(wanted) is collections.abc.Mapping else wanted]


def made(kind: type[BaseException]) -> BaseException:
    """An instance in which nothing has its default."""
    if not inspect.isfunction(kind.__init__):  # it is Python's own
        return kind("the message")
    hints = get_type_hints(kind.__init__)
    given: list[object] = []
    named: dict[str, object] = {}
    for parameter in list(inspect.signature(kind.__init__).parameters.values())[1:]:
        value = sample_of(hints[parameter.name])
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            named[parameter.name] = value
        else:
            given.append(value)
    return kind(*given, **named)


def test_every_error_has_a_code_of_its_own() -> None:
    assert len({each.code for each in TREE}) == len(TREE)
    assert all("code" in vars(each) for each in TREE)


def test_every_error_is_the_callers_or_the_surroundings() -> None:
    leaves = set(TREE) - {LogoCacheError}
    assert all(issubclass(leaf, ConfigurationError) != issubclass(leaf, UnavailableError) for leaf in leaves)


def test_every_error_is_in_the_drawn_tree() -> None:
    assert all(item.__name__ in (errors.__doc__ or "") for item in TREE)


def test_an_error_is_one_line_with_the_next_step() -> None:
    error = SettingsError("a value\nis wrong", hint="write\tanother")
    assert str(error) == "a value is wrong: write another"
    assert (error.problem, error.hint) == ("a value is wrong", "write another")


def test_the_package_is_searched_for_its_exceptions() -> None:
    assert set(TREE) < set(all_exceptions())


@pytest.mark.parametrize("kind", all_exceptions(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_every_exception_survives_pickle_and_copy(kind: type[BaseException]) -> None:
    """The process that raised it is not where an error is read: pools and task queues send it on."""
    error = made(kind)
    error.add_note("seen on the way")
    error.added_later = ["by", "whoever", "caught", "it"]  # type: ignore[attr-defined]  # as programs do
    copies = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for each in [*copies, copy.copy(error), copy.deepcopy(error)]:
        assert type(each) is kind
        assert (str(each), each.args, vars(each)) == (str(error), error.args, vars(error))
        assert getattr(each, "code", None) == getattr(error, "code", None)  # a slot of SystemExit


def test_a_missing_extra_is_said_with_the_command_that_installs_it() -> None:
    with pytest.raises(UnavailableError) as caught, needs_extra("server", "the server"):
        importlib.import_module("logocache_has_no_such_library.part")
    assert str(caught.value) == (
        "the server needs logocache_has_no_such_library, which is not installed: "
        "pip install 'logocache[server]'"
    )


def test_a_problem_without_headers_survives_too() -> None:
    problem = Problem(status=404, code="unknown_key", title="No such logo", detail="no logo is called that")
    assert pickle.loads(pickle.dumps(ProblemError.of(problem))).problem == problem


@pytest.mark.end_to_end
def test_a_process_pool_outlives_an_unknown_key() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(UnknownKeyError) as caught:
            pool.submit(raise_unknown_key).result()
        assert str(caught.value) == "no logo is called 'shopfy': did you mean shopify?"
        assert caught.value.hint == "did you mean shopify?"
        assert pool.submit(len, "four").result() == 4


def raise_unknown_key() -> None:
    raise UnknownKeyError("no logo is called 'shopfy'", hint="did you mean shopify?")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "no more memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "no more memory"),
        (RuntimeError("can't start new thread"), "no further thread"),
        (ImportError("libheavy.so: failed to map segment from shared object"), "failed to map segment"),
        (ModuleNotFoundError("No module named 'heavy'"), "No module named 'heavy'"),
    ],
    ids=["memory", "memory of the system", "threads", "a library without memory", "a missing library"],
)
def test_what_the_system_has_not_left_for_us_is_unavailable(error: Exception, words: str) -> None:
    with pytest.raises(UnavailableError, match=words) as caught:
        raise_if_exhausted(error)
    assert "ulimit" in caught.value.hint
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [ValueError(), RuntimeError("cannot schedule new futures"), OSError(5, "x")]
)
def test_other_errors_are_left_to_others(error: Exception) -> None:
    raise_if_exhausted(error)


def test_pythons_words_for_a_thread_too_many_are_still_those() -> None:
    """They are all that tells this RuntimeError from others."""
    earlier = threading.stack_size(2**47)  # more than a process can address
    try:
        with pytest.raises(RuntimeError, match=NO_THREAD):
            threading.Thread(target=print).start()
    finally:
        threading.stack_size(earlier)
