"""Failures that can heal are retried, within the time of the request."""

from datetime import timedelta

import httpx
import pytest
from pytest_httpx import HTTPXMock

from harness.client import ask, fetcher
from harness.loopback import START, FakeTime, request, terms
from logocache.model import OutcomeKind

pytestmark = pytest.mark.httpx_mock(
    can_send_already_matched_responses=True, assert_all_responses_were_requested=False
)


def test_what_can_heal_is_tried_again_with_growing_waits(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    httpx_mock.add_response(status_code=500)
    answer = ask(fetcher(time, retries=3), time)
    assert (answer.kind, answer.status) == (OutcomeKind.TRANSIENT, 500)
    assert len(httpx_mock.get_requests()) == 4
    assert time.slept == [0.5, 1, 2]


def test_what_has_healed_is_not_asked_again(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("slow"))
    httpx_mock.add_response(content=b"logo")
    assert ask(fetcher(time, retries=3), time).kind is OutcomeKind.FOUND
    assert len(httpx_mock.get_requests()) == 2


def test_a_host_that_wants_to_be_left_alone_is_not_asked_until_then(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    httpx_mock.add_response(status_code=429, headers={"Retry-After": "600"})
    asking = fetcher(time)
    first = ask(asking, time, "https://icons.example/a.ico")
    second = ask(asking, time, "https://icons.example/b.ico")
    assert (second.kind, second.retry_at) == (OutcomeKind.THROTTLED, first.retry_at)
    assert second.reason.startswith("icons.example asked us to wait until")
    assert len(httpx_mock.get_requests()) == 1
    ask(asking, time, "https://other.example/b.ico")
    assert len(httpx_mock.get_requests()) == 2, "other hosts are asked"
    time.now += 601
    ask(asking, time, "https://icons.example/b.ico")
    assert len(httpx_mock.get_requests()) == 3


@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 403, 404, 410, 429, 451])
def test_what_cannot_heal_is_asked_once(httpx_mock: HTTPXMock, time: FakeTime, status: int) -> None:
    httpx_mock.add_response(status_code=status, content=b"x" if status == 200 else b"")
    ask(fetcher(time, retries=3), time, etag='"1"')
    assert len(httpx_mock.get_requests()) == 1
    assert not time.slept


def test_no_retry_begins_after_the_deadline(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    httpx_mock.add_response(status_code=500)
    answer = fetcher(time, retries=10).fetch(request(), deadline=time.now + 2)
    assert answer.kind is OutcomeKind.TRANSIENT
    assert time.slept == [0.5, 1]
    assert time.now < 1002


def test_a_short_throttle_is_waited_for(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    httpx_mock.add_response(status_code=429, headers={"Retry-After": "3"})
    httpx_mock.add_response(content=b"logo")
    assert ask(fetcher(time, retries=1), time).kind is OutcomeKind.FOUND
    assert time.slept == [3]


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_throttle_is_reported_with_its_moment(
    httpx_mock: HTTPXMock, time: FakeTime, status: int
) -> None:
    httpx_mock.add_response(status_code=status, headers={"Retry-After": "3600"})
    answer = ask(fetcher(time, retries=3), time)
    assert (answer.kind, answer.retry_at) == (OutcomeKind.THROTTLED, START + timedelta(hours=1))
    assert len(httpx_mock.get_requests()) == 1


def test_a_turn_that_would_come_after_the_deadline_is_not_waited_for(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    httpx_mock.add_response(status_code=404)
    asking = fetcher(time, terms("slow", rate_per_second=0.01))
    assert ask(asking, time, provider="slow").kind is OutcomeKind.NOT_FOUND
    answer = ask(asking, time, provider="slow")
    assert (answer.kind, answer.status, time.slept) == (OutcomeKind.TRANSIENT, None, [])
    assert "rate" in answer.reason


def test_who_comes_too_late_backs_off(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    """As `not_asked` it would be due again at once, for ever, though its own sources used up its time."""
    answer = fetcher(time, retries=2).fetch(request("https://late.example/"), deadline=time.monotonic())
    assert (answer.kind, answer.reason) == (OutcomeKind.TRANSIENT, "no time was left to ask")
    assert not httpx_mock.get_requests()


def test_a_retry_that_gets_no_turn_leaves_the_earlier_answer(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    httpx_mock.add_response(status_code=500)
    answer = ask(fetcher(time, terms("slow", rate_per_second=0.01), retries=2), time, provider="slow")
    assert (answer.kind, answer.status) == (OutcomeKind.TRANSIENT, 500)
    assert len(httpx_mock.get_requests()) == 1
