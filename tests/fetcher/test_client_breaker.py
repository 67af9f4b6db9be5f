"""A source that does not answer is left alone, and found again."""

import logging
import threading
from collections.abc import Sequence

import httpx
import pytest
from pytest_httpx import HTTPXMock

from harness.client import ask, fetcher
from harness.loopback import FakeTime, terms
from logocache.fetcher.limits import COOL_DOWN, THRESHOLD
from logocache.model import OutcomeKind
from logocache.ports import Fetcher

pytestmark = pytest.mark.httpx_mock(
    can_send_already_matched_responses=True, assert_all_responses_were_requested=False
)


def kinds(asking: Fetcher, time: FakeTime, urls: Sequence[str], **changes: object) -> list[OutcomeKind]:
    return [ask(asking, time, url, **changes).kind for url in urls]


def sites(count: int, path: str = "/") -> list[str]:
    return [f"https://site{number}.example{path}" for number in range(count)]


def icons(count: int) -> list[str]:
    return [f"https://icons.example/{number}.ico" for number in range(count)]


@pytest.mark.parametrize(
    ("urls", "many_hosts"),
    [(sites(THRESHOLD), True), (icons(THRESHOLD), False), (sites(THRESHOLD), False)],
    ids=["sites of their own", "one host, different logos", "a provider that spreads its hosts"],
)
def test_when_nothing_answers_the_provider_is_left_alone(
    httpx_mock: HTTPXMock,
    time: FakeTime,
    caplog: pytest.LogCaptureFixture,
    urls: list[str],
    *,
    many_hosts: bool,
) -> None:
    httpx_mock.add_exception(httpx.ConnectError("no network"))
    asking = fetcher(time, terms("test", asks_many_hosts=many_hosts), retries=2)
    assert kinds(asking, time, urls) == [OutcomeKind.TRANSIENT] * THRESHOLD
    asked = len(httpx_mock.get_requests())
    assert asked == 3 * (THRESHOLD - 1) + 1  # once it is open there are no retries
    assert time.slept == [0.5, 1] * (THRESHOLD - 1)
    unasked = ask(asking, time, "https://another.example/")
    assert (unasked.kind, unasked.status) == (OutcomeKind.NOT_ASKED, None)
    assert "test" in unasked.reason
    assert len(httpx_mock.get_requests()) == asked
    assert [r.message for r in caplog.records if r.levelno == logging.WARNING] == ["provider.unreachable"]
    assert ask(asking, time, provider="other").kind is OutcomeKind.TRANSIENT


def test_one_dead_site_with_many_urls_says_nothing_about_the_others(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    httpx_mock.add_exception(httpx.ConnectError("dead"))
    asking = fetcher(time, terms("site", asks_many_hosts=True))
    urls = [f"https://{www}dead.example/{number}" for number in range(THRESHOLD) for www in ("", "www.")]
    assert set(kinds(asking, time, urls, provider="site")) == {OutcomeKind.TRANSIENT}


def test_a_site_and_its_www_host_count_as_one(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    httpx_mock.add_exception(httpx.ConnectError("dead"))
    asking = fetcher(time, terms("site", asks_many_hosts=True))
    urls = [f"https://{www}dead{number}.example/" for number in range(THRESHOLD - 1) for www in ("", "www.")]
    assert set(kinds(asking, time, urls, provider="site")) == {OutcomeKind.TRANSIENT}


def test_sites_with_trouble_of_their_own_are_no_sign_of_a_dead_network(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    httpx_mock.add_response(status_code=500)
    asking = fetcher(time, terms("site", asks_many_hosts=True))
    answers = kinds(asking, time, sites(3 * THRESHOLD), provider="site")
    assert set(answers) == {OutcomeKind.TRANSIENT}


def test_a_provider_whose_own_host_answers_only_errors_is_left_alone(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    httpx_mock.add_response(status_code=502)
    answers = kinds(fetcher(time), time, icons(THRESHOLD + 1))
    assert answers[-1] is OutcomeKind.NOT_ASKED


def test_after_the_cool_down_one_request_finds_out_whether_the_source_is_back(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    asking = fetcher(time)
    httpx_mock.add_exception(httpx.ConnectError("no network"))
    kinds(asking, time, icons(THRESHOLD))
    time.now += COOL_DOWN
    httpx_mock.reset()
    httpx_mock.add_response(status_code=404)
    assert kinds(asking, time, icons(2)) == [OutcomeKind.NOT_FOUND] * 2


def test_a_probe_that_our_guard_refuses_leaves_room_for_another(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    asking = fetcher(time)
    httpx_mock.add_exception(httpx.ConnectError("no network"))
    kinds(asking, time, icons(THRESHOLD))
    time.now += COOL_DOWN
    assert ask(asking, time, "https://127.0.0.1/").kind is OutcomeKind.REFUSED
    httpx_mock.reset()
    httpx_mock.add_response(content=b"logo")
    assert ask(asking, time).kind is OutcomeKind.FOUND


def test_a_probe_that_ends_in_a_mistake_of_ours_leaves_room_for_another(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    asking = fetcher(time)
    httpx_mock.add_exception(httpx.ConnectError("no network"))
    kinds(asking, time, icons(THRESHOLD))
    time.now += COOL_DOWN
    httpx_mock.reset()
    httpx_mock.add_exception(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        ask(asking, time)
    httpx_mock.reset()
    httpx_mock.add_response(content=b"logo")
    assert ask(asking, time).kind is OutcomeKind.FOUND


def test_what_waited_while_the_source_went_away_is_not_sent_any_more(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    """Those that queue for the one host of a provider must not each run into the same wall."""
    inside, go_on = threading.Event(), threading.Event()

    def hang(asked: httpx.Request) -> httpx.Response:
        inside.set()
        go_on.wait(5)
        raise httpx.ConnectError("no network")

    httpx_mock.add_callback(hang)
    asking = fetcher(time, concurrency_per_host=1)
    urls = icons(3 * THRESHOLD)
    answers: list[OutcomeKind] = []
    threads = [
        threading.Thread(target=lambda url=url: answers.append(ask(asking, time, url).kind)) for url in urls
    ]
    for thread in threads:
        thread.start()
    assert inside.wait(5)
    go_on.set()
    for thread in threads:
        thread.join()
    assert answers.count(OutcomeKind.TRANSIENT) == THRESHOLD
    assert answers.count(OutcomeKind.NOT_ASKED) == 2 * THRESHOLD
