"""Short answers to clients that ask for too much, or take too long."""

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
