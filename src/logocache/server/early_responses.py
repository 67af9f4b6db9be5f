"""Responses before routing: to a bad Host (RFC 9112 3.2), and to a large or late body."""

import asyncio
import ipaddress
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyResponse:
    """A problem document (RFC 9457) after which the connection is closed."""

    status: HTTPStatus
    code: str
    detail: str

    @property
    def body(self) -> bytes:
        document = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code,
            "detail": self.detail,
        }
        return json.dumps(document).encode()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]

    @property
    def as_bytes(self) -> bytes:
        """The whole HTTP/1.1 response, for a connection without a valid request."""
        status = f"HTTP/1.1 {self.status.value} {self.status.phrase}".encode()
        fields = [name + b": " + value for name, value in self.headers]
        return b"\r\n".join([status, *fields, b"", self.body])

    async def send(self, send: Send) -> None:
        """Send the response to a request."""
        await send({"type": "http.response.start", "status": self.status.value, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


BAD_REQUEST = EarlyResponse(
    status=HTTPStatus.BAD_REQUEST, code="bad_request", detail="this is not an HTTP/1.1 request"
)
BAD_HOST = EarlyResponse(
    status=HTTPStatus.BAD_REQUEST,
    code="bad_request",
    detail="the request's Host is missing, given twice, or not the name of a host",
)
SLOW_HEAD = EarlyResponse(
    status=HTTPStatus.REQUEST_TIMEOUT, code="slow_client", detail="the request's head did not come in time"
)
SLOW_BODY = EarlyResponse(
    status=HTTPStatus.REQUEST_TIMEOUT, code="slow_client", detail="the request's body did not come in time"
)
LARGE_HEAD = EarlyResponse(
    status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    code="head_too_large",
    detail="the request's head is larger than LOGO_CACHE_MAX_HEADER_KB",
)
LARGE_BODY = EarlyResponse(
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    code="body_too_large",
    detail="the request's body is larger than LOGO_CACHE_MAX_BODY_KB",
)


MAX_DIGITS = 18
"""More than any Content-Length needs; Python refuses to parse thousands."""


class ClientLimits:
    """ASGI middleware: responds with 413 to a body that is too large, with 408 to one that is too slow.

    A declared length is checked before anything is read; a request without a body passes untouched.
    For limits on heads see `protocol`.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, slow_client_seconds: float) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._slow_client_seconds = slow_client_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = declared_length(scope["headers"])
        if length == 0:
            await self._app(scope, receive, send)
        elif length is not None and length > self._max_body_bytes:
            await LARGE_BODY.send(send)
        else:
            await self._watched(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        deadline = asyncio.get_running_loop().time() + self._slow_client_seconds
        body = WatchedBody(receive, send, max_bytes=self._max_body_bytes, deadline=deadline)
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            # The application was told that the client has gone; the response has been sent.
            if not body.is_refused:
                raise


class WatchedBody:
    """The `receive` and `send` of one request.

    Once the body is refused, the application is told that the client has gone, and what it sends is
    dropped.
    """

    def __init__(self, receive: Receive, send: Send, *, max_bytes: int, deadline: float) -> None:
        """The last byte must arrive before `deadline`, a time of the running loop."""
        self.is_refused = False
        self._receive = receive
        self._send = send
        self._room = max_bytes
        self._deadline = deadline
        self._is_complete = False
        self._has_response = False

    async def receive(self) -> Message:
        if self.is_refused:
            return {"type": "http.disconnect"}
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            return await self._refuse(SLOW_BODY)
        self._room -= len(message.get("body", b""))
        if self._room < 0:
            return await self._refuse(LARGE_BODY)
        self._is_complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if not self.is_refused:
            self._has_response = True
            await self._send(message)

    async def _refuse(self, response: EarlyResponse) -> Message:
        self.is_refused = True
        if not self._has_response:
            await response.send(self._send)
        return {"type": "http.disconnect"}


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Length of the body in bytes: 0 without one (RFC 9112 6.3), None if unknown."""
    length = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            if not value.isdigit() or len(value) > MAX_DIGITS:
                return None
            length = int(value)
    return length


FIELD = re.compile(
    rb"(?:\[(?P<literal>[^\]]*)\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
)
"""`uri-host [ ":" port ]` (RFC 3986 3.2.2). It is empty for a target without an authority."""
FUTURE_ADDRESS = re.compile(rb"v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+")


class HostRequired:
    """ASGI middleware: responds with 400 to a missing, duplicate or malformed Host.

    HTTP/1.0 allows requests without Host. For HTTP/2 and later, the server derives it from `:authority`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not has_proper_host(scope["http_version"], scope["headers"]):
            await BAD_HOST.send(send)
        else:
            await self._app(scope, receive, send)


def has_proper_host(http_version: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """True for exactly one valid Host, and for none unless the version is 1.1."""
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts:
        return http_version != "1.1"
    return len(hosts) == 1 and is_host(hosts[0])


@lru_cache(maxsize=256)  # a server has a few names, and thousands of requests per second
def is_host(value: bytes) -> bool:
    """True if `value` is a host, with or without port. httptools keeps white space around values."""
    found = FIELD.fullmatch(value.strip(b" \t"))
    return found is not None and (found["literal"] is None or _is_literal(found["literal"]))


def _is_literal(text: bytes) -> bool:
    """True for an IP literal in brackets: an IPv6 address without zone, or one of a later version."""
    if FUTURE_ADDRESS.fullmatch(text):
        return True
    try:
        ipaddress.IPv6Address(text.decode("ascii"))
    except ValueError:  # UnicodeDecodeError is one
        return False
    return b"%" not in text
