"""One try: a request, the redirects it meets, and what the last answer says."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

import httpx

from logocache.fetcher import body, targets
from logocache.fetcher.answers import FOLLOWED, Verdict, judged, validator
from logocache.fetcher.failures import FOREIGN, FetchError, NoTurnError, translated
from logocache.fetcher.limits import HostSlots
from logocache.fetcher.transport import PASSAGE, Passage
from logocache.masking import MASK, Mask
from logocache.model import Answer, FetchRequest, OutcomeKind
from logocache.ports import Clock, ProviderTerms
from logocache.settings import Settings
from logocache.version import __version__

MAX_REDIRECTS = 5

HOME_PAGE = "https://pypi.org/project/logocache/"

LONGEST_REASON = 300
"""Characters; cut only after masking, since half a secret is one too."""

LONGEST_CONTENT_TYPE = 200
"""Characters of a Content-Type that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all tries share."""

    settings: Settings
    terms: Mapping[str, ProviderTerms]
    slots: HostSlots
    clock: Clock
    monotonic: Callable[[], float]


class Exchange:
    """Asks once. Used once, by one thread."""

    def __init__(
        self,
        request: FetchRequest,
        *,
        transport: httpx.BaseTransport,
        surroundings: Surroundings,
        deadline: float,
        admit: Callable[[], bool],
    ) -> None:
        """`admit` is asked once, when it is our turn to send; with False nothing is sent."""
        self._request = request
        self._transport = transport
        self._surroundings = surroundings
        self._until = deadline
        self._admit = admit
        self._mask = Mask(request.secrets)
        self._shown = request.shown_url or self._mask(request.url)
        self._redirected_from = self._shown
        self._status: int | None = None
        self.was_admitted = False

    def run(self) -> Answer:
        """What came of it, also when the network or the server failed. `duration` is left at 0.

        Raises NoTurnError when nothing was sent.
        """
        try:
            return self._follow()
        except FetchError as error:
            if isinstance(error, NoTurnError) and not self.was_admitted:
                raise
            failure = error
        except FOREIGN as error:
            failure = translated(error)
        # A redirect must not bring the name of a host inside our own network into what is shown.
        was_let_in = self._status is not None or failure.kind is not OutcomeKind.REFUSED
        return Answer(
            kind=failure.kind,
            url=self._shown if was_let_in else self._redirected_from,
            status=None if failure.kind is OutcomeKind.NOT_ASKED else self._status,
            reason=self._mask(failure.reason)[:LONGEST_REASON],
        )

    def _follow(self) -> Answer:
        url = targets.with_secrets(targets.parsed(self._request.url), self._request.secret_query)
        for _ in range(MAX_REDIRECTS + 1):
            self._status = None
            with self._surroundings.slots.held(targets.host_of(url), timeout=self._time_left()):
                self._begin()
                with closing(self._transport.handle_request(self._as_sent(url))) as response:
                    self._status = response.status_code
                    if response.status_code not in FOLLOWED:
                        return self._answer(response)
            url = targets.redirected(url, response.headers.get("Location"))
            self._redirected_from, self._shown = self._shown, self._shown_target(url)
        raise FetchError(OutcomeKind.REFUSED, f"more than {MAX_REDIRECTS} redirects")

    def _shown_target(self, url: httpx.URL) -> str:
        """What is shown of a redirect's target, which may repeat a secret in a spelling of its own."""
        if self._request.shown_url is not None:
            url = url.copy_with(raw_path=f"/{MASK}".encode())
        return self._mask(str(url))

    def _begin(self) -> None:
        """At the first hop: our turn has come, and the time for the request starts to run."""
        if self.was_admitted:
            return
        if self._time_left() <= 0:
            raise NoTurnError(OutcomeKind.TRANSIENT, "no time was left to ask")
        if not self._admit():
            raise NoTurnError(OutcomeKind.NOT_ASKED, f"{self._request.provider} seems unreachable")
        self.was_admitted = True
        limit = self._surroundings.settings.request_timeout_seconds
        self._until = min(self._until, self._surroundings.monotonic() + limit)

    def _time_left(self) -> float:
        return self._until - self._surroundings.monotonic()

    def _as_sent(self, url: httpx.URL) -> httpx.Request:
        headers = {
            "User-Agent": user_agent(self._surroundings.settings),
            "Accept": self._request.accept,
            "Accept-Encoding": body.ACCEPT_ENCODING,
            **validators(self._request),
        }
        return httpx.Request(
            "GET",
            url,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            extensions={
                PASSAGE: Passage(deadline=self._until, trusted_origin=self._request.trusted_origin),
                "timeout": {"pool": 0.0},  # the transport is ours alone, so there is nobody to wait for
            },
        )

    def _answer(self, response: httpx.Response) -> Answer:
        terms = self._surroundings.terms.get(self._request.provider)
        verdict = judged(
            response.status_code,
            retry_after=response.headers.get("Retry-After"),
            is_conditional=bool(validators(self._request)),
            misconfigured=terms.misconfigured_statuses if terms else frozenset(),
            now=self._surroundings.clock(),
        )
        content = b""
        if verdict.kind is OutcomeKind.FOUND:
            content = self._read(response)
        if verdict.kind is OutcomeKind.UNCHANGED:
            next(response.iter_raw(), None)  # there is no body: coming to its end frees the connection
        if verdict.kind is OutcomeKind.FOUND and not content:
            reason = f"HTTP {response.status_code}: an empty body"
            verdict = Verdict(kind=OutcomeKind.NOT_FOUND, reason=reason)
        return Answer(
            kind=verdict.kind,
            url=self._shown,
            status=response.status_code,
            body=content,
            content_type=response.headers.get("Content-Type", "")[:LONGEST_CONTENT_TYPE] or None,
            etag=validator(response.headers.get("ETag")),
            last_modified=validator(response.headers.get("Last-Modified")),
            retry_at=verdict.retry_at,
            reason=verdict.reason,
        )

    def _read(self, response: httpx.Response) -> bytes:
        return body.read(
            response.iter_raw(),
            encoding=response.headers.get("Content-Encoding", ""),
            content_length=response.headers.get("Content-Length", ""),
            max_bytes=self._request.max_bytes,
        )


def user_agent(settings: Settings) -> str:
    """Honest, and with an address to complain to."""
    return f"logocache/{__version__} (+{settings.contact_url or HOME_PAGE})"


def validators(request: FetchRequest) -> dict[str, str]:
    """The fields that make the request conditional (RFC 9110 13.1); empty when nothing is known."""
    known = {"If-None-Match": validator(request.etag), "If-Modified-Since": validator(request.last_modified)}
    return {name: value for name, value in known.items() if value is not None}
