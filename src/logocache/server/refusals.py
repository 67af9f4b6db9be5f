"""Short answers to clients that ask for too much, take too long, or come at the wrong time."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A problem document (RFC 9457) that also closes the connection."""

    status: HTTPStatus
    code: str
    detail: str
    retry_after_seconds: int | None = None

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
        fields = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        if self.retry_after_seconds is not None:
            fields.append((b"retry-after", str(self.retry_after_seconds).encode()))
        return fields

    @property
    def as_bytes(self) -> bytes:
        """The whole HTTP/1.1 answer, for a connection on which no request was understood."""
        status = f"HTTP/1.1 {self.status.value} {self.status.phrase}".encode()
        fields = [name + b": " + value for name, value in self.headers]
        return b"\r\n".join([status, *fields, b"", self.body])

    async def send(self, send: Send) -> None:
        """The same answer to a request."""
        await send({"type": "http.response.start", "status": self.status.value, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


BAD_REQUEST = Refusal(
    status=HTTPStatus.BAD_REQUEST, code="bad_request", detail="this is not an HTTP/1.1 request"
)
BAD_HOST = Refusal(
    status=HTTPStatus.BAD_REQUEST,
    code="bad_request",
    detail="the request's Host is missing, given twice, or not the name of a host",
)
SLOW_HEAD = Refusal(
    status=HTTPStatus.REQUEST_TIMEOUT, code="slow_client", detail="the request's head did not come in time"
)
SLOW_BODY = Refusal(
    status=HTTPStatus.REQUEST_TIMEOUT, code="slow_client", detail="the request's body did not come in time"
)
LARGE_HEAD = Refusal(
    status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    code="head_too_large",
    detail="the request's head is larger than LOGO_CACHE_MAX_HEADER_KB",
)
LARGE_BODY = Refusal(
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    code="body_too_large",
    detail="the request's body is larger than LOGO_CACHE_MAX_BODY_KB",
)
TOO_MANY_CONNECTIONS = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="too_many_connections",
    detail="LOGO_CACHE_MAX_CONNECTIONS are open: come again later",
    retry_after_seconds=1,
)
ENDING = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="ending",
    detail="the server is shutting down: ask again",
    retry_after_seconds=1,
)
