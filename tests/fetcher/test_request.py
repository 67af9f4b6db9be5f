from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from harness.loopback import FakeTime, options, request, terms
from logocache.fetcher.limits import FetchError, HostSlots, NoTurnError
from logocache.fetcher.request import LONGEST_REASON, MAX_REDIRECTS, Exchange, FetchContext, user_agent
from logocache.fetcher.transport import GUARD_CONTEXT
from logocache.model import OutcomeKind
from logocache.ports import Answer, FetchRequest

Reply = Callable[[httpx.Request], httpx.Response]


@dataclass
class Web:
    """Everything that can be asked, as a transport; remembers what it was asked."""

    reply: Reply
    asked: list[httpx.Request] = field(default_factory=list)

    def handle(self, asked: httpx.Request) -> httpx.Response:
        self.asked.append(asked)
        return self.reply(asked)


def answer(status: int, body: bytes = b"", /, **headers: str) -> httpx.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=fields, stream=httpx.ByteStream(body))


def ask(web: Web, asked: FetchRequest, *, seconds: float = 30, admitted: bool = True) -> Answer:
    time = FakeTime()
    return Exchange(
        asked,
        transport=httpx.MockTransport(web.handle),
        context=FetchContext(
            settings=options(),
            terms={"keyed": terms("keyed", misconfigured_statuses=frozenset({401}))},
            slots=HostSlots(1),
            clock=time.clock,
            monotonic=time.monotonic,
        ),
        deadline=time.now + seconds,
        admit=lambda: admitted,
    ).run()


def redirecting(*targets: str) -> Web:
    """Each request is sent on to the next target; behind the last there is a logo."""
    left = list(targets)

    def reply(asked: httpx.Request) -> httpx.Response:
        return answer(302, Location=left.pop(0)) if left else answer(200, b"logo")

    return Web(reply)


def test_a_found_body_comes_with_its_facts() -> None:
    facts = {"ETag": '"1"', "Last_Modified": "yesterday", "Content_Type": "image/png"}
    web = Web(lambda asked: answer(200, b"logo", **facts))
    assert ask(web, request()) == Answer(
        kind=OutcomeKind.FOUND,
        url="http://logo.example/icon.png",
        status=200,
        body=b"logo",
        content_type="image/png",
        etag='"1"',
        last_modified="yesterday",
    )


def test_we_say_who_we_are_and_what_we_take_and_nothing_else() -> None:
    web = Web(lambda asked: answer(200, b"logo"))
    ask(web, request(accept="image/*"))
    assert dict(web.asked[0].headers) == {
        "host": "logo.example",
        "user-agent": user_agent(options()),
        "accept": "image/*",
        "accept-encoding": "gzip, deflate",
    }


def test_what_is_known_makes_the_request_conditional_at_each_hop() -> None:
    web = redirecting("/a")
    ask(web, request(etag='"1"', last_modified="yesterday"))
    for asked in web.asked:
        assert asked.headers["If-None-Match"] == '"1"'
        assert asked.headers["If-Modified-Since"] == "yesterday"


@pytest.mark.parametrize("etag", ['"ü"', '"a\r\nX: y"'], ids=["not ASCII", "control characters"])
def test_a_validator_that_cannot_be_sent_is_left_out(etag: str) -> None:
    web = Web(lambda asked: answer(304))
    assert ask(web, request(etag=etag)).kind is OutcomeKind.TRANSIENT
    assert "If-None-Match" not in web.asked[0].headers


@pytest.mark.parametrize("headers", [{}, {"Content_Length": "999999"}, {"Content_Encoding": "br"}], ids=str)
def test_304_to_a_conditional_request_is_unchanged(headers: dict[str, str]) -> None:
    """Its header fields may describe the body that it does not bring (RFC 9110 15.4.5)."""
    result = ask(Web(lambda asked: answer(304, **headers)), request(etag='"1"'))
    assert (result.kind, result.status, result.body) == (OutcomeKind.UNCHANGED, 304, b"")


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_body_is_no_logo(status: int) -> None:
    result = ask(Web(lambda asked: answer(status)), request())
    assert result.kind is OutcomeKind.NOT_FOUND
    assert "empty" in result.reason


def test_a_body_that_is_not_found_is_not_read() -> None:
    assert ask(Web(lambda asked: answer(404, b"sorry")), request()).body == b""


def test_a_body_over_the_limit_is_refused_with_its_status() -> None:
    result = ask(Web(lambda asked: answer(200, b"12345")), request(max_bytes=4))
    assert (result.kind, result.status, result.body) == (OutcomeKind.REFUSED, 200, b"")


def test_bad_credentials_are_a_misconfiguration_of_that_provider_only() -> None:
    web = Web(lambda asked: answer(401))
    assert ask(web, request(provider="keyed")).kind is OutcomeKind.MISCONFIGURED
    assert ask(web, request(provider="other")).kind is OutcomeKind.BLOCKED


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_its_target_is_the_address(status: int) -> None:
    def reply(asked: httpx.Request) -> httpx.Response:
        is_first = asked.url.path == "/icon.png"
        return answer(status, Location="https://cdn.example/x#y") if is_first else answer(200, b"logo")

    result = ask(Web(reply), request())
    assert (result.kind, result.url) == (OutcomeKind.FOUND, "https://cdn.example/x")


def test_as_many_redirects_are_followed_as_are_allowed_and_no_more() -> None:
    targets = [f"/{number}" for number in range(MAX_REDIRECTS + 1)]
    assert ask(redirecting(*targets[:-1]), request()).kind is OutcomeKind.FOUND
    web = redirecting(*targets)
    result = ask(web, request())
    assert (result.kind, result.status) == (OutcomeKind.REFUSED, 302)
    assert len(web.asked) == MAX_REDIRECTS + 1


def test_a_redirect_without_a_target_is_refused() -> None:
    result = ask(Web(lambda asked: answer(301)), request())
    assert (result.kind, result.status) == (OutcomeKind.REFUSED, 301)


def test_trust_and_deadline_travel_with_every_hop() -> None:
    web = redirecting("http://elsewhere.example/")
    ask(web, request(trusted_origin="http://logo.example:80"), seconds=3)
    passages = [asked.extensions[GUARD_CONTEXT] for asked in web.asked]
    assert len(passages) == 2
    assert {context.trusted_origin for context in passages} == {"http://logo.example:80"}
    assert {context.deadline for context in passages} == {1003.0}


def test_a_request_takes_no_longer_than_its_own_limit() -> None:
    web = redirecting()
    ask(web, request(), seconds=60)
    assert web.asked[0].extensions[GUARD_CONTEXT].deadline == 1000 + options().request_timeout_seconds


def test_secrets_are_sent_and_shown_nowhere() -> None:
    web = Web(lambda asked: answer(200, b"logo"))
    result = ask(web, request(secret_query=(("token", "s3cret"),)))
    assert web.asked[0].url.params["token"] == "s3cret"
    assert "s3cret" not in repr(result)
    assert result.url == "http://logo.example/icon.png"


def test_secrets_that_a_redirect_echoes_are_masked_and_not_added_again() -> None:
    web = redirecting("https://cdn.example/S3%63ret/x?t=s3cret", "https://cdn.example/end")
    result = ask(web, request(secret_query=(("token", "s3cret"),)))
    assert [str(asked.url) for asked in web.asked[1:]] == [
        "https://cdn.example/S3%63ret/x?t=s3cret",
        "https://cdn.example/end",
    ]
    assert result.url == "https://cdn.example/end"
    stopped = ask(redirecting("https://cdn.example/s3cret"), request(secret_query=(("token", "s3cret"),)))
    assert stopped.url == "https://cdn.example/***"


def test_of_an_address_that_holds_a_key_only_the_server_is_shown_after_a_redirect() -> None:
    private = {"shown_url": "http://logo.example/***", "secret_texts": ("k3y-0f-1234",)}
    asked = "http://logo.example/k3y-0f-1234/x.png"
    web = redirecting("https://cdn.example/?signed=eW5rZXk", "https://K3y-0f-1234.cdn.example/")
    result = ask(web, request(asked, **private))
    assert str(web.asked[0].url) == asked
    assert result.url == "https://***.cdn.example/***"
    assert ask(Web(lambda _: answer(404)), request(asked, **private)).url == "http://logo.example/***"


def test_a_redirect_that_is_refused_is_not_shown() -> None:
    """The name may be one inside our own network, and whether it means something there is not told."""

    def reply(asked: httpx.Request) -> httpx.Response:
        if asked.url.host == "wiki.example":
            raise FetchError(OutcomeKind.REFUSED, "refused: not a public address")
        return answer(302, Location="https://wiki.example/secret-plans")

    result = ask(Web(reply), request())
    assert (result.kind, result.url, result.status) == (
        OutcomeKind.REFUSED,
        "http://logo.example/icon.png",
        None,
    )


def test_a_reason_is_masked_before_it_is_cut() -> None:
    """Otherwise the first half of a secret could stay at the end."""
    secret = "0123456789" * 3

    def fail(asked: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("x" * (LONGEST_REASON - 60) + secret)

    reason = ask(Web(fail), request(secret_query=(("token", secret),))).reason
    assert len(reason) <= LONGEST_REASON
    assert "***" in reason
    assert "0123" not in reason


@pytest.mark.parametrize("url", ["http://[::1", "http://1.2.3.400/", "\ud800"])
def test_what_is_no_url_is_refused(url: str) -> None:
    web = redirecting()
    result = ask(web, request(url))
    assert (result.kind, result.status) == (OutcomeKind.REFUSED, None)
    assert not web.asked


def test_user_information_is_not_shown() -> None:
    assert "password" not in repr(ask(redirecting(), request("http://user:password@logo.example/")))


def test_a_failure_behind_a_redirect_names_the_target_and_no_status() -> None:
    def reply(asked: httpx.Request) -> httpx.Response:
        if asked.url.path == "/icon.png":
            return answer(302, Location="/next")
        raise httpx.ConnectError("refused")

    result = ask(Web(reply), request())
    assert (result.kind, result.status, result.url) == (
        OutcomeKind.TRANSIENT,
        None,
        "http://logo.example/next",
    )


@pytest.mark.parametrize(
    ("seconds", "admitted", "kind"),
    [(0, True, OutcomeKind.TRANSIENT), (30, False, OutcomeKind.NOT_ASKED)],
    ids=["no time left", "not admitted"],
)
def test_who_gets_no_turn_sends_nothing(seconds: float, *, admitted: bool, kind: OutcomeKind) -> None:
    web = redirecting()
    with pytest.raises(NoTurnError) as caught:
        ask(web, request(), seconds=seconds, admitted=admitted)
    assert caught.value.kind is kind
    assert caught.value.reason
    assert not web.asked
