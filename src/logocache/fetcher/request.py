"""One attempt: a request, its redirects, and the classification of the last answer."""

from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import httpx

from logocache import __version__
from logocache.fetcher import addresses, body
from logocache.fetcher.limits import FetchError, HostSlots, NoTurnError, retry_at
from logocache.fetcher.transport import FOREIGN, GUARD_CONTEXT, GuardContext, translated
from logocache.model import OutcomeKind
from logocache.ports import Answer, Clock, FetchRequest, ProviderTerms
from logocache.settings import Settings
from logocache.settings.masking import MASK, Mask

FOLLOWED = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
"""Redirects with a single target (RFC 9110 15.4)."""

EMPTY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT})
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
CAN_HEAL = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})

LONGEST_VALIDATOR = 1000
"""Characters of an ETag or Last-Modified; longer ones are not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The outcome that an answer's status means; the body of a FOUND one has still to be read."""

    kind: OutcomeKind
    reason: str = ""
    retry_at: datetime | None = None


def classify(
    status: int,
    *,
    retry_after: str | None,
    is_conditional: bool,
    misconfigured: Collection[int],
    now: datetime,
) -> Meaning:
    """Classify an answer that is not a redirect to follow.

    `is_conditional`: validators were sent. `misconfigured`: the statuses with which this provider
    rejects credentials; they take precedence.
    """
    if status in misconfigured:
        return Meaning(
            kind=OutcomeKind.MISCONFIGURED, reason=f"HTTP {status}: the provider rejects our credentials"
        )
    if status == HTTPStatus.PARTIAL_CONTENT:
        return Meaning(kind=OutcomeKind.TRANSIENT, reason="HTTP 206: a part, though all was asked for")
    if status in EMPTY:
        return Meaning(kind=OutcomeKind.NOT_FOUND, reason=f"HTTP {status}: empty")
    if 200 <= status < 300:  # noqa: PLR2004  # the class "successful" of RFC 9110 15.3
        return Meaning(kind=OutcomeKind.FOUND)
    if status == HTTPStatus.NOT_MODIFIED and is_conditional:
        return Meaning(kind=OutcomeKind.UNCHANGED)
    if status in GONE:
        return Meaning(kind=OutcomeKind.NOT_FOUND, reason=f"HTTP {status}")
    return classify_failure(status, at=retry_at(retry_after, now=now))


def classify_failure(status: int, *, at: datetime | None) -> Meaning:
    """Classify a status that means neither a body nor a miss; `at` is the time of its Retry-After."""
    reason = f"HTTP {status}"
    throttled = Meaning(kind=OutcomeKind.THROTTLED, reason=reason, retry_at=at)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return throttled
    if status == HTTPStatus.SERVICE_UNAVAILABLE and at is not None:
        return throttled
    if status == HTTPStatus.NOT_MODIFIED:
        return Meaning(kind=OutcomeKind.TRANSIENT, reason=f"{reason}, though nothing was asked conditionally")
    if 300 <= status < 400:  # noqa: PLR2004  # the class "redirection" of RFC 9110 15.4
        return Meaning(kind=OutcomeKind.REFUSED, reason=f"{reason}: a redirect that cannot be followed")
    if status < 300 or 500 <= status < 600 or status in CAN_HEAL:  # noqa: PLR2004  # as above, 15.2 and 15.6
        return Meaning(kind=OutcomeKind.TRANSIENT, reason=reason)
    return Meaning(kind=OutcomeKind.BLOCKED, reason=reason)  # 4xx, and made-up ones such as 999


def validator(value: str | None) -> str | None:
    """`value` if it is an ETag or Last-Modified that can be stored and sent back; None otherwise."""
    if not value or len(value) > LONGEST_VALIDATOR or not (value.isascii() and value.isprintable()):
        return None
    return value


MAX_REDIRECTS = 5

HOME_PAGE = "https://pypi.org/project/logocache/"

LONGEST_REASON = 300
"""Characters; cut after masking, so that no part of a secret remains."""

LONGEST_CONTENT_TYPE = 200
"""Characters of a Content-Type that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchContext:
    """Shared by all attempts of a fetcher."""

    settings: Settings
    terms: Mapping[str, ProviderTerms]
    slots: HostSlots
    clock: Clock
    monotonic: Callable[[], float]


class Exchange:
    """One request with its redirects. Used once, by one thread."""

    def __init__(
        self,
        request: FetchRequest,
        *,
        transport: httpx.BaseTransport,
        context: FetchContext,
        deadline: float,
        admit: Callable[[], bool],
    ) -> None:
        """`admit` is called once, right before sending; if it returns False nothing is sent."""
        self._request = request
        self._transport = transport
        self._context = context
        self._until = deadline
        self._admit = admit
        self._mask = Mask(request.secrets)
        self._shown = request.shown_url or self._mask(request.url)
        self._redirected_from = self._shown
        self._status: int | None = None
        self.was_admitted = False

    def run(self) -> Answer:
        """The answer, also when the network or the server failed. `duration` is left at 0.

        Raises `NoTurnError` when nothing was sent.
        """
        try:
            return self._follow()
        except FetchError as error:
            if isinstance(error, NoTurnError) and not self.was_admitted:
                raise
            failure = error
        except FOREIGN as error:
            failure = translated(error)
        # A refused redirect's target may be an internal host: it is not shown.
        was_let_in = self._status is not None or failure.kind is not OutcomeKind.REFUSED
        return Answer(
            kind=failure.kind,
            url=self._shown if was_let_in else self._redirected_from,
            status=None if failure.kind is OutcomeKind.NOT_ASKED else self._status,
            reason=self._mask(failure.reason)[:LONGEST_REASON],
        )

    def _follow(self) -> Answer:
        url = addresses.with_secrets(addresses.parsed(self._request.url), self._request.secret_query)
        for _ in range(MAX_REDIRECTS + 1):
            self._status = None
            with self._context.slots.held(addresses.host_of(url), timeout=self._time_left()):
                self._begin()
                with closing(self._transport.handle_request(self._as_sent(url))) as response:
                    self._status = response.status_code
                    if response.status_code not in FOLLOWED:
                        return self._answer(response)
            url = addresses.redirected(url, response.headers.get("Location"))
            self._redirected_from, self._shown = self._shown, self._shown_target(url)
        raise FetchError(OutcomeKind.REFUSED, f"more than {MAX_REDIRECTS} redirects")

    def _shown_target(self, url: httpx.URL) -> str:
        """The URL to show for a redirect's target, which may repeat a secret in another encoding."""
        if self._request.shown_url is not None:
            url = url.copy_with(raw_path=f"/{MASK}".encode())
        return self._mask(str(url))

    def _begin(self) -> None:
        """Before the first hop: ask for admission, and start the time limit of the request."""
        if self.was_admitted:
            return
        if self._time_left() <= 0:
            raise NoTurnError(OutcomeKind.TRANSIENT, "no time was left to ask")
        if not self._admit():
            raise NoTurnError(OutcomeKind.NOT_ASKED, f"{self._request.provider} seems unreachable")
        self.was_admitted = True
        limit = self._context.settings.request_timeout_seconds
        self._until = min(self._until, self._context.monotonic() + limit)

    def _time_left(self) -> float:
        return self._until - self._context.monotonic()

    def _as_sent(self, url: httpx.URL) -> httpx.Request:
        headers = {
            "User-Agent": user_agent(self._context.settings),
            "Accept": self._request.accept,
            "Accept-Encoding": body.ACCEPT_ENCODING,
            **validators(self._request),
        }
        return httpx.Request(
            "GET",
            url,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            extensions={
                GUARD_CONTEXT: GuardContext(
                    deadline=self._until, trusted_origin=self._request.trusted_origin
                ),
                "timeout": {"pool": 0.0},  # this thread alone uses the transport
            },
        )

    def _answer(self, response: httpx.Response) -> Answer:
        terms = self._context.terms.get(self._request.provider)
        meaning = classify(
            response.status_code,
            retry_after=response.headers.get("Retry-After"),
            is_conditional=bool(validators(self._request)),
            misconfigured=terms.misconfigured_statuses if terms else frozenset(),
            now=self._context.clock(),
        )
        content = b""
        if meaning.kind is OutcomeKind.FOUND:
            content = self._read(response)
        if meaning.kind is OutcomeKind.UNCHANGED:
            next(response.iter_raw(), None)  # reading the empty body to its end frees the connection
        if meaning.kind is OutcomeKind.FOUND and not content:
            reason = f"HTTP {response.status_code}: an empty body"
            meaning = Meaning(kind=OutcomeKind.NOT_FOUND, reason=reason)
        return Answer(
            kind=meaning.kind,
            url=self._shown,
            status=response.status_code,
            body=content,
            content_type=response.headers.get("Content-Type", "")[:LONGEST_CONTENT_TYPE] or None,
            etag=validator(response.headers.get("ETag")),
            last_modified=validator(response.headers.get("Last-Modified")),
            retry_at=meaning.retry_at,
            reason=meaning.reason,
        )

    def _read(self, response: httpx.Response) -> bytes:
        return body.read(
            response.iter_raw(),
            encoding=response.headers.get("Content-Encoding", ""),
            content_length=response.headers.get("Content-Length", ""),
            max_bytes=self._request.max_bytes,
            is_start_enough=self._request.is_start_enough,
        )


def user_agent(settings: Settings) -> str:
    """Names the program, its version and a contact address."""
    return f"logocache/{__version__} (+{settings.contact_url or HOME_PAGE})"


def validators(request: FetchRequest) -> dict[str, str]:
    """The conditional header fields (RFC 9110 13.1); empty without stored validators."""
    known = {"If-None-Match": validator(request.etag), "If-Modified-Since": validator(request.last_modified)}
    return {name: value for name, value in known.items() if value is not None}
