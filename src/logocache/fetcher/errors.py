"""Errors of the fetcher, and the translation of httpx's errors into them."""

from datetime import datetime

import httpx

from logocache.errors import PicklableError
from logocache.model import OutcomeKind


class FetchError(PicklableError):
    """An attempt ended without a usable answer. Never leaves the fetcher."""

    def __init__(self, kind: OutcomeKind, reason: str, *, retry_at: datetime | None = None) -> None:
        self.kind = kind
        self.retry_at = retry_at
        self.reason = " ".join(reason.split())
        super().__init__(self.reason)


class NoTurnError(FetchError):
    """Nothing was sent: limits left no time, or the breaker is open. An earlier answer takes precedence.

    TRANSIENT when time ran out, so that the entry backs off instead of being retried at once;
    NOT_ASKED while the breaker is open.
    """


def closed() -> FetchError:
    """The error of requests that are started or still running once the fetcher is closed."""
    return FetchError(OutcomeKind.NOT_ASKED, "the fetcher is closed")


FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)
"""The base classes of all exceptions that httpx raises on purpose."""

MEANINGS: dict[type[Exception], tuple[OutcomeKind, str]] = {
    httpx.HTTPError: (OutcomeKind.TRANSIENT, "the request failed"),
    httpx.HTTPStatusError: (OutcomeKind.TRANSIENT, "the answer says that the request failed"),
    httpx.RequestError: (OutcomeKind.TRANSIENT, "the request failed"),
    httpx.TransportError: (OutcomeKind.TRANSIENT, "the request failed"),
    httpx.TimeoutException: (OutcomeKind.TRANSIENT, "it took too long"),
    httpx.ConnectTimeout: (OutcomeKind.TRANSIENT, "connecting took too long"),
    httpx.ReadTimeout: (OutcomeKind.TRANSIENT, "the answer took too long"),
    httpx.WriteTimeout: (OutcomeKind.TRANSIENT, "sending took too long"),
    httpx.PoolTimeout: (OutcomeKind.TRANSIENT, "no connection became free"),
    httpx.NetworkError: (OutcomeKind.TRANSIENT, "the network failed"),
    httpx.ConnectError: (OutcomeKind.TRANSIENT, "could not connect"),
    httpx.ReadError: (OutcomeKind.TRANSIENT, "the connection broke while reading"),
    httpx.WriteError: (OutcomeKind.TRANSIENT, "the connection broke while sending"),
    httpx.CloseError: (OutcomeKind.TRANSIENT, "the connection broke while closing"),
    httpx.ProxyError: (OutcomeKind.TRANSIENT, "the proxy did not let us through"),
    httpx.ProtocolError: (OutcomeKind.TRANSIENT, "HTTP was broken"),
    httpx.RemoteProtocolError: (OutcomeKind.TRANSIENT, "the answer is broken or incomplete"),
    httpx.LocalProtocolError: (OutcomeKind.REFUSED, "the request cannot be written as HTTP"),
    httpx.UnsupportedProtocol: (OutcomeKind.REFUSED, "only http and https are asked"),
    httpx.DecodingError: (OutcomeKind.TRANSIENT, "the answer cannot be decoded"),
    httpx.TooManyRedirects: (OutcomeKind.REFUSED, "too many redirects"),
    httpx.InvalidURL: (OutcomeKind.REFUSED, "not a valid URL"),
    httpx.CookieConflict: (OutcomeKind.TRANSIENT, "the answer's cookies contradict each other"),
    httpx.StreamError: (OutcomeKind.TRANSIENT, "the answer could not be read"),
    httpx.StreamConsumed: (OutcomeKind.TRANSIENT, "the answer could not be read twice"),
    httpx.StreamClosed: (OutcomeKind.TRANSIENT, "the answer was closed before it was read"),
    httpx.ResponseNotRead: (OutcomeKind.TRANSIENT, "the answer was not read"),
    httpx.RequestNotRead: (OutcomeKind.TRANSIENT, "the request was not read"),
}
"""Every exception class of httpx; a test fails when httpx adds one."""


def translated(error: Exception) -> FetchError:
    """`error`, an instance of `FOREIGN`, as a `FetchError` with the original text in parentheses.

    That text may be long and contain what a server sent: mask it, then shorten it, before it is shown.
    """
    kind, meaning = next(MEANINGS[base] for base in type(error).__mro__ if base in MEANINGS)
    # A proxy's text may describe its internal network: only the status is shown.
    detail = str(error).strip() if not isinstance(error, httpx.ProxyError) else str(error)[:3]
    return FetchError(kind, f"{meaning} ({detail})" if detail else meaning)
