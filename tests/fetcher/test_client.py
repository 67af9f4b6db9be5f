import logging
import ssl
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from ipaddress import ip_address

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from harness.loopback import START, FakeTime, options, request, terms
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.client import HttpFetcher
from logocache.fetcher.limits import COOL_DOWN, THRESHOLD
from logocache.model import OutcomeKind
from logocache.ports import Answer, Fetcher, ProviderTerms

pytestmark = pytest.mark.httpx_mock(
    can_send_already_matched_responses=True, assert_all_responses_were_requested=False
)


def no_names(host: str, port: int) -> Sequence[IPAddress]:
    raise AssertionError("unreachable: httpx is replaced above the network")


CONTEXT = ssl.create_default_context()
"""Loading the authorities for each fetcher would take most of the time of these tests."""


def fetcher(
    time: FakeTime,
    *providers: ProviderTerms,
    ssl_context: ssl.SSLContext | None = CONTEXT,
    **changes: object,
) -> HttpFetcher:
    return HttpFetcher(
        options(**changes),
        providers,
        ssl_context=ssl_context,
        resolve=no_names,
        clock=time.clock,
        monotonic=time.monotonic,
        sleep=time.sleep,
        random=lambda: 1.0,
    )


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def ask(
    asking: Fetcher, time: FakeTime, url: str = "https://logo.example/icon.png", **changes: object
) -> Answer:
    return asking.fetch(request(url, **changes), deadline=time.now + 60)


def kinds(asking: Fetcher, time: FakeTime, urls: Sequence[str], **changes: object) -> list[OutcomeKind]:
    return [ask(asking, time, url, **changes).kind for url in urls]


def test_the_answer_says_how_long_it_took(httpx_mock: HTTPXMock, time: FakeTime) -> None:
    def slow(asked: httpx.Request) -> httpx.Response:
        time.now += 1.5
        return httpx.Response(200, content=b"logo")

    httpx_mock.add_callback(slow)
    answer = ask(fetcher(time), time)
    assert (answer.kind, answer.body, answer.duration) == (OutcomeKind.FOUND, b"logo", 1.5)


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
