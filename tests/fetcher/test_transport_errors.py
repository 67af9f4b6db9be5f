from collections.abc import Iterator

import httpx
import pytest

from logocache.fetcher.limits import FetchError
from logocache.fetcher.transport import FOREIGN, MEANINGS, translated
from logocache.model import OutcomeKind


def family(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from family(child)


def exceptions_of_httpx() -> set[type[Exception]]:
    exported = {vars(httpx)[name] for name in httpx.__all__}
    named = {each for each in exported if isinstance(each, type) and issubclass(each, Exception)}
    related = {each for root in named for each in family(root) if each.__module__.startswith("httpx")}
    return named | related


def test_every_exception_of_httpx_has_its_meaning() -> None:
    """When this fails, a new httpx has a new exception: say in `MEANINGS` what it means."""
    assert len(exceptions_of_httpx()) > 20
    assert exceptions_of_httpx() == set(MEANINGS)


@pytest.mark.parametrize("exception", MEANINGS, ids=lambda exception: exception.__name__)
def test_every_exception_of_httpx_is_caught_where_they_come_in(exception: type[Exception]) -> None:
    assert issubclass(exception, FOREIGN)


@pytest.mark.parametrize(("exception", "meaning"), MEANINGS.items(), ids=lambda value: "")
def test_a_failure_never_says_that_there_is_no_logo(
    exception: type[Exception], meaning: tuple[OutcomeKind, str]
) -> None:
    assert meaning[0] in {OutcomeKind.TRANSIENT, OutcomeKind.REFUSED}
    assert meaning[1]


def test_a_failure_says_what_went_wrong_on_one_line() -> None:
    failure = translated(httpx.ReadTimeout("timed\n  out"))
    assert (failure.kind, failure.reason) == (OutcomeKind.TRANSIENT, "the answer took too long (timed out)")
    assert "squid.internal" not in translated(httpx.ProxyError("502 no route from squid.internal")).reason
    assert translated(httpx.ReadError("")).reason == "the connection broke while reading"


def test_an_unknown_relative_is_understood_as_its_nearest_ancestor() -> None:
    class NewerTimeout(httpx.ConnectTimeout):
        pass

    assert translated(NewerTimeout("")).reason == "connecting took too long"


def test_our_own_reasons_are_one_line() -> None:
    assert FetchError(OutcomeKind.REFUSED, "a\n b").reason == "a b"
