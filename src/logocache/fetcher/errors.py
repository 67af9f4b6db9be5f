"""How asking can fail: our own reasons, and the one door through which httpx's errors come."""

from datetime import datetime

import httpx

from logocache.errors import PicklableError
from logocache.model import OutcomeKind


class FetchError(PicklableError):
    """One try ended without an answer that can be judged. Never leaves the fetcher."""

    def __init__(self, kind: OutcomeKind, reason: str, *, retry_at: datetime | None = None) -> None:
        self.kind = kind
        self.retry_at = retry_at
        self.reason = " ".join(reason.split())
        super().__init__(self.reason)


class NoTurnError(FetchError):
    """Nothing was sent, because our turn did not come: an earlier answer to the same question says more.

    TRANSIENT where time ran out, whoever used it up: the entry backs off like one whose source is slow,
    for else it would be asked for again and again. NOT_ASKED while the breaker is open.
    """


def closed() -> FetchError:
    """Why nothing is asked, and what was under way is broken off, once the fetcher is closed."""
    return FetchError(OutcomeKind.NOT_ASKED, "the fetcher is closed")


FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)
"""The roots of everything httpx raises on purpose."""

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
"""Every exception class of httpx by itself, so that a new one is noticed (a test asks httpx)."""


def translated(error: Exception) -> FetchError:
    """`error`, an instance of `FOREIGN`, in our words, its own behind them.

    Its own may be long and hold what a server sent: mask it, then shorten it, before it is shown.
    """
    kind, meaning = next(MEANINGS[each] for each in type(error).__mro__ if each in MEANINGS)
    # A proxy speaks of itself, and of what it found inside its network: only its status is told.
    detail = str(error).strip() if not isinstance(error, httpx.ProxyError) else str(error)[:3]
    return FetchError(kind, f"{meaning} ({detail})" if detail else meaning)
