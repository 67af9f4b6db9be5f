"""The layer on its own: a scripted client on one side, an application on the other."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logocache.server.early_responses import ClientLimits, declared_length

Fields = list[tuple[bytes, bytes]]
CHUNKED = [(b"transfer-encoding", b"chunked")]


@dataclass(kw_only=True)
class Client:
    """Sends its pieces, then nothing more; remembers what it gets."""

    pieces: list[bytes] = field(default_factory=list)
    ends: bool = True
    got: list[Message] = field(default_factory=list)
    was_read: bool = False

    async def receive(self) -> Message:
        self.was_read = True
        if self.pieces:
            body = self.pieces.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self.pieces) or not self.ends}
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(self, message: Message) -> None:
        self.got.append(message)

    @property
    def status(self) -> int:
        return int(self.got[0]["status"])

    @property
    def code(self) -> str:
        return str(json.loads(self.got[1]["body"])["code"])


@dataclass
class Application:
    """Reads the whole body, then answers; remembers how the request ended."""

    body: bytes | None = None
    saw_disconnect: bool = False
    raises: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.saw_disconnect = True
                if self.raises:
                    raise ConnectionError("the client has gone")
                break
            body += message.get("body", b"")
            more = message["more_body"]
        else:
            self.body = body
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


def ask(app: ASGIApp, client: Client, headers: Fields, *, limit: int = 10, seconds: float = 5) -> None:
    layer = ClientLimits(app, max_body_bytes=limit, slow_client_seconds=seconds)
    scope = {"type": "http", "headers": headers}
    asyncio.run(layer(scope, client.receive, client.send))


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        pytest.param([(b"content-length", b"10")], [b"x" * 10], id="declared, as large as allowed"),
        pytest.param(CHUNKED, [b"x" * 4, b"x" * 6], id="counted, as large as allowed"),
        pytest.param(CHUNKED, [b""], id="empty"),
        pytest.param([], [b""], id="none"),
    ],
)
def test_a_body_within_the_limit_reaches_the_application(headers: Fields, pieces: list[bytes]) -> None:
    app, client, whole = Application(), Client(pieces=pieces), b"".join(pieces)
    ask(app, client, headers)
    assert app.body == whole
    assert client.status == 200


def test_a_declared_length_beyond_the_limit_is_refused_unread() -> None:
    app, client = Application(), Client(pieces=[b"x" * 11])
    ask(app, client, [(b"content-length", b"11")])
    assert (client.status, client.code) == (413, "body_too_large")
    assert (b"connection", b"close") in client.got[0]["headers"]
    assert not client.was_read


@pytest.mark.parametrize("raises", [False, True], ids=["the application answers", "the application raises"])
@pytest.mark.parametrize(
    "headers", [CHUNKED, [(b"content-length", b"1" * 5000)]], ids=["chunks", "an absurd length"]
)
def test_a_counted_body_beyond_the_limit_is_refused(headers: Fields, raises: bool) -> None:  # noqa: FBT001  # a column
    app, client = Application(raises=raises), Client(pieces=[b"x" * 6, b"x" * 6])
    ask(app, client, headers)
    assert (client.status, client.code) == (413, "body_too_large")
    assert len(client.got) == 2
    assert app.saw_disconnect


def test_a_body_that_does_not_come_in_time_is_refused() -> None:
    app, client = Application(), Client(pieces=[b"x"], ends=False)
    ask(app, client, CHUNKED, seconds=0.05)
    assert (client.status, client.code) == (408, "slow_client")
    assert app.saw_disconnect


def test_a_refused_body_stays_refused() -> None:
    async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.disconnect"
        assert (await receive())["type"] == "http.disconnect"

    client = Client(pieces=[b"x" * 11])
    ask(stubborn, client, CHUNKED)
    assert client.status == 413


def test_after_its_body_a_request_may_take_its_time() -> None:
    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 0.1)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    client = Client(pieces=[b"x"])
    ask(patient, client, CHUNKED, seconds=0.05)
    assert client.status == 200


def test_an_answer_that_has_begun_is_not_answered_again() -> None:
    async def hasty(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert (await receive())["type"] == "http.disconnect"

    client = Client(pieces=[b"x" * 11])
    ask(hasty, client, CHUNKED)
    assert [message.get("status") for message in client.got] == [200]


def test_a_bug_of_the_application_comes_through() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(broken, Client(), CHUNKED)


def test_a_request_without_a_body_and_other_scopes_pass_untouched() -> None:
    passed: list[tuple[Scope, Receive, Send]] = []

    async def remembering(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append((scope, receive, send))

    layer = ClientLimits(remembering, max_body_bytes=1, slow_client_seconds=1)
    client = Client()
    calls: list[tuple[Scope, Receive, Send]] = [
        ({"type": "http", "headers": [(b"host", b"a")]}, client.receive, client.send),
        ({"type": "lifespan"}, client.receive, client.send),
    ]
    for call in calls:
        asyncio.run(layer(*call))
    assert passed == calls


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([(b"content-length", b"0")], 0, id="zero"),
        pytest.param([(b"host", b"a"), (b"content-length", b"12")], 12, id="declared"),
        pytest.param([(b"content-length", b"12"), *CHUNKED], None, id="both: chunks win, RFC 9112 6.3"),
        pytest.param([(b"content-length", b"1_0")], None, id="not digits"),
        pytest.param([(b"content-length", b"-1")], None, id="negative"),
        pytest.param([(b"content-length", b"")], None, id="empty"),
        pytest.param([(b"content-length", b"9" * 19)], None, id="absurd"),
    ],
)
def test_declared_lengths(headers: Fields, length: int | None) -> None:
    assert declared_length(headers) == length


@given(st.lists(st.tuples(st.sampled_from([b"content-length", b"transfer-encoding", b"a"]), st.binary())))
def test_no_field_is_too_strange(headers: Iterable[tuple[bytes, bytes]]) -> None:
    length = declared_length(headers)
    assert length is None or length >= 0
