import logging
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from harness.client import CONTEXT, ask, fetcher, no_names
from harness.loopback import FakeTime, options, request, terms
from logocache.fetcher.client import HttpFetcher
from logocache.model import OutcomeKind

pytestmark = pytest.mark.httpx_mock(
    can_send_already_matched_responses=True, assert_all_responses_were_requested=False
)


def test_the_answer_says_how_long_it_took(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    def slow(asked: httpx.Request) -> httpx.Response:
        time.now += 1.5
        return httpx.Response(200, content=b"logo")

    httpx_mock.add_callback(slow)
    answer = ask(fetcher(time), time)
    assert (answer.kind, answer.body, answer.duration) == (OutcomeKind.FOUND, b"logo", 1.5)


def test_a_provider_that_rejects_our_credentials_is_stopped_and_says_so_once(
    httpx_mock: HTTPXMock, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    httpx_mock.add_response(status_code=403)
    asking = fetcher(time, terms("keyed", misconfigured_statuses=frozenset({401, 403})), retries=3)
    secret = (("token", "s3cret"),)
    answers = [ask(asking, time, provider="keyed", secret_query=secret) for _ in range(3)]
    assert [answer.kind for answer in answers] == [OutcomeKind.MISCONFIGURED] * 3
    assert [answer.status for answer in answers] == [403, None, None]
    assert "403" in answers[2].reason
    assert len(httpx_mock.get_requests()) == 1
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.message for record in warnings] == ["provider.misconfigured"]
    assert vars(warnings[0])["provider"] == "keyed"
    assert ask(asking, time, provider="other").kind is OutcomeKind.BLOCKED


def test_two_threads_that_are_rejected_together_warn_once(
    httpx_mock: HTTPXMock, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    both_ask = threading.Barrier(2, timeout=60)

    def reject(asked: httpx.Request) -> httpx.Response:
        both_ask.wait()
        return httpx.Response(401)

    httpx_mock.add_callback(reject)
    asking = fetcher(time, terms("keyed", misconfigured_statuses=frozenset({401})))
    threads = [
        threading.Thread(target=ask, args=(asking, time), kwargs={"provider": "keyed"}) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.message for record in caplog.records] == ["provider.misconfigured"]


def test_requests_to_a_provider_keep_its_rate(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    moments = []

    def note(asked: httpx.Request) -> httpx.Response:
        moments.append(time.now - 1000)
        return httpx.Response(404)

    httpx_mock.add_callback(note)
    asking = fetcher(time, terms("slow", rate_per_second=0.5))
    for _ in range(4):
        ask(asking, time, provider="slow")
    for _ in range(3):
        ask(asking, time, provider="free")
    assert moments == [0, 2, 4, 6, 6, 6, 6]


def test_a_refused_target_is_not_asked_and_not_retried(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    answer = ask(fetcher(time, retries=2), time, "https://localhost/")
    assert answer.kind is OutcomeKind.REFUSED
    assert not httpx_mock.get_requests()


def test_once_closed_nothing_is_asked(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    asking = fetcher(time)
    httpx_mock.add_response(content=b"logo")
    ask(asking, time)
    asking.close()
    asking.close()
    answer = ask(asking, time, secret_query=(("token", "s3cret"),))
    assert answer.kind is OutcomeKind.NOT_ASKED
    assert "s3cret" not in repr(answer)
    assert len(httpx_mock.get_requests()) == 1


def test_a_failure_that_might_have_healed_is_none_when_closing_cuts_its_retry(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    httpx_mock.add_response(status_code=500)
    asking = HttpFetcher(
        options(retries=3),
        ssl_context=CONTEXT,
        resolve=no_names,
        monotonic=time.monotonic,
        sleep=lambda seconds: asking.close(),
    )
    answer = ask(asking, time)
    assert (answer.kind, answer.status) == (OutcomeKind.NOT_ASKED, None)
    assert len(httpx_mock.get_requests()) == 1


def test_a_failure_that_no_retry_could_heal_stays_one_when_closing(
    httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    asking = fetcher(time)

    def close(asked: httpx.Request) -> httpx.Response:
        asking.close()
        return httpx.Response(404)

    httpx_mock.add_callback(close)
    assert ask(asking, time).kind is OutcomeKind.NOT_FOUND


def test_no_cookie_is_ever_sent_back(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    httpx_mock.add_response(status_code=302, headers={"Location": "/b", "Set-Cookie": "id=1; Path=/"})
    httpx_mock.add_response(content=b"logo", headers={"Set-Cookie": "id=2"})
    asking = fetcher(time)
    ask(asking, time)
    ask(asking, time)
    assert len(httpx_mock.get_requests()) == 3
    assert not any("Cookie" in asked.headers for asked in httpx_mock.get_requests())


def test_secrets_reach_the_server_and_no_log(
    httpx_mock: HTTPXMock, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    httpx_mock.add_response(status_code=302, headers={"Location": "https://cdn.example/s3cret?t=S3CRET"})
    httpx_mock.add_exception(httpx.RemoteProtocolError("bad line: s3cret"))
    answer = ask(fetcher(time, retries=1), time, secret_query=(("token", "s3cret"),))
    assert httpx_mock.get_requests()[0].url.params["token"] == "s3cret"
    assert answer.kind is OutcomeKind.TRANSIENT
    assert "s3cret" not in repr(answer).lower()
    assert [record.message for record in caplog.records] == ["fetch.retry", "fetch.ended"]
    assert "s3cret" not in str([vars(record) for record in caplog.records]).lower()


def test_the_authorities_are_loaded_when_first_needed_and_once_for_all(
    monkeypatch: pytest.MonkeyPatch, httpx_mock: HTTPXMock, time: FakeTime
) -> None:
    loaded = []
    original = httpx.create_ssl_context

    def counting() -> ssl.SSLContext:
        loaded.append(True)
        return original()

    both_ask = threading.Barrier(2, timeout=60)

    def wait(asked: httpx.Request) -> httpx.Response:
        both_ask.wait()
        return httpx.Response(404)

    monkeypatch.setattr(httpx, "create_ssl_context", counting)
    httpx_mock.add_callback(wait)
    asking = fetcher(time, ssl_context=None)
    assert not loaded
    threads = [threading.Thread(target=ask, args=(asking, time)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loaded == [True]


def test_without_injections_it_uses_the_real_clock(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(status_code=429, headers={"Retry-After": "86400"})
    asking = HttpFetcher(options(), resolve=lambda host, port: [ip_address("127.0.0.1")])
    answer = asking.fetch(request(), deadline=float("inf"))
    asking.close()
    assert answer.retry_at is not None
    assert answer.retry_at.utcoffset() == timedelta(0)


header_values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
known_headers = st.sampled_from(
    ["Location", "Retry-After", "Content-Length", "Content-Encoding", "Content-Type", "ETag", "Last-Modified"]
)
telling_values = st.sampled_from(
    ["gzip", "-1", "5", "https://a.example/x", "//", "http://[", "/\udce4", "120", "javascript:1", "data:,x"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    status=st.integers(100, 999),
    headers=st.lists(st.tuples(known_headers, header_values | telling_values), max_size=6),
    body=st.binary(max_size=50),
)
def test_whatever_a_server_answers_fetch_returns(
    httpx_mock: HTTPXMock, status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    def reply(asked: httpx.Request) -> httpx.Response:
        raw = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers]
        return httpx.Response(status, headers=raw, stream=httpx.ByteStream(body))

    httpx_mock.reset()
    httpx_mock.add_callback(reply, is_reusable=True)
    time = FakeTime()
    answer = ask(fetcher(time, retries=1), time, max_bytes=30)
    assert len(answer.body) <= 30
    assert bool(answer.body) == (answer.kind is OutcomeKind.FOUND)
    assert bool(answer.reason) == (answer.kind is not OutcomeKind.FOUND)


raisers: st.SearchStrategy[Callable[[], Exception]] = st.sampled_from(
    [
        lambda: httpx.ConnectTimeout("x"),
        lambda: httpx.ProxyError("407 Proxy Authentication Required"),
        lambda: httpx.InvalidURL("x"),
        httpx.StreamClosed,
        lambda: httpx.DecodingError("x"),
        lambda: httpx.LocalProtocolError("x"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(url=st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.:\[\]@%-]{0,40}/.{0,20}"), raiser=raisers)
def test_whatever_is_asked_and_however_it_fails_fetch_returns(
    httpx_mock: HTTPXMock, url: str, raiser: Callable[[], Exception]
) -> None:
    httpx_mock.reset()
    httpx_mock.add_exception(raiser(), is_reusable=True)
    time = FakeTime()
    assert ask(fetcher(time), time, url).kind in {OutcomeKind.REFUSED, OutcomeKind.TRANSIENT}
