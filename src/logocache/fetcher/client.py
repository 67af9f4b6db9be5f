"""The HTTP fetcher: limits, retries and circuit breakers around single attempts."""

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import httpx

from logocache.fetcher import addresses, limits
from logocache.fetcher.limits import Breaker, FetchError, HostSlots, NoTurnError, TokenBucket, closed
from logocache.fetcher.network import Deadline, Resolve, Shutdown, system_resolve
from logocache.fetcher.request import Exchange, FetchContext
from logocache.fetcher.transport import GuardedTransport
from logocache.model import OutcomeKind
from logocache.ports import Answer, Clock, FetchRequest, ProviderTerms, utc_now
from logocache.settings import Settings
from logocache.settings.masking import Mask


class TransportPool:
    """Transports, each used by one thread at a time; grows to the peak concurrency. Thread-safe."""

    def __init__(self, make: Callable[[], httpx.BaseTransport]) -> None:
        self._make = make
        self._idle: list[httpx.BaseTransport] = []
        self._is_closed = False
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self) -> Iterator[httpx.BaseTransport]:
        """A transport for this thread alone. Raises `FetchError` (NOT_ASKED) once closed."""
        with self._lock:
            if self._is_closed:
                raise closed()
            transport = self._idle.pop() if self._idle else self._make()
        try:
            yield transport
        finally:
            self._return(transport)

    def close(self) -> None:
        """Close all of them; those in use are closed when they are returned."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for transport in idle:
            transport.close()

    def _return(self, transport: httpx.BaseTransport) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(transport)
                return
        transport.close()


logger = logging.getLogger(__name__)


class HttpFetcher:
    """Implements `ports.Fetcher` over HTTP. Thread-safe; close it when done."""

    def __init__(
        self,
        settings: Settings,
        terms: Iterable[ProviderTerms] = (),
        *,
        ssl_context: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolve,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        random: Callable[[], float] = random.random,
    ) -> None:
        """Make no request yet. `terms` are those of the providers to fetch for.

        Without `ssl_context` the system's certificate authorities are trusted, or those of
        SSL_CERT_FILE or SSL_CERT_DIR, loaded on first use. The default `sleep` returns early when the
        fetcher is closed. Raises ValueError for a rate that is not above 0.
        """
        self._settings = settings
        self._terms = {term.id: term for term in terms}
        self._ssl_context = ssl_context
        self._resolve = resolve
        self._clock = clock
        self._monotonic = monotonic
        self._shutdown = Shutdown()
        self._sleep = sleep or self._shutdown.sleep
        self._random = random
        self._context = FetchContext(
            settings=settings,
            terms=self._terms,
            slots=HostSlots(settings.concurrency_per_host),
            clock=clock,
            monotonic=monotonic,
        )
        self._transports = TransportPool(self._new_transport)
        self._buckets = {
            term.id: TokenBucket(term.rate_per_second, monotonic=monotonic)
            for term in self._terms.values()
            if term.rate_per_second is not None
        }
        self._breakers: dict[str, Breaker] = {}
        self._stopped: dict[str, str] = {}
        self._throttled_until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def fetch(self, request: FetchRequest, *, deadline: float) -> Answer:
        """See the port. TRANSIENT also when rate or concurrency limits leave no time before `deadline`."""
        started = self._monotonic()
        answer = self._with_retries(request, deadline=deadline)
        answer = replace(answer, duration=self._monotonic() - started)
        logger.debug("fetch.ended", extra=described(request, answer) | {"duration": answer.duration})
        return answer

    def close(self) -> None:
        """See the port. Does not wait for running requests. Later fetches return NOT_ASKED."""
        self._shutdown.begin()
        self._context.slots.close()
        self._transports.close()

    def _with_retries(self, request: FetchRequest, *, deadline: float) -> Answer:
        answer = self._try(request, deadline=deadline)
        for attempt in range(1, self._settings.retries + 1):
            wait = self._wait_after(answer, attempt, request, deadline=deadline)
            if wait is None:
                break
            logger.info("fetch.retry", extra=described(request, answer) | {"wait": wait})
            self._sleep(wait)
            earlier, answer = answer, self._try(request, deadline=deadline, earlier=answer)
            if answer is earlier:
                break
        return answer  # NOT_ASKED when closing cut a retry short: no failure is recorded

    def _wait_after(
        self, answer: Answer, attempt: int, request: FetchRequest, *, deadline: float
    ) -> float | None:
        wait = limits.wait_after(answer, attempt, random=self._random(), now=self._clock())
        if wait is None or self._monotonic() + wait >= deadline or self._breaker(request).is_open():
            return None
        return wait

    def _try(self, request: FetchRequest, *, deadline: float, earlier: Answer | None = None) -> Answer:
        """The answer of one attempt; `earlier` when the request could not be sent in time."""
        try:
            self._shutdown.check()
            self._check_provider(request.provider)
            self._check_throttled(request)
            self._await_turn(request, deadline=deadline)
            with self._transports.borrow() as transport:
                return self._exchange(request, transport, deadline=deadline)
        except FetchError as error:
            if earlier is not None and isinstance(error, NoTurnError):
                return earlier
            mask = Mask(request.secrets)
            return Answer(
                kind=error.kind,
                url=request.shown_url or mask(request.url),
                reason=mask(error.reason),
                retry_at=error.retry_at,
            )

    def _check_provider(self, provider: str) -> None:
        """Raise `FetchError` if the provider has rejected our credentials."""
        with self._lock:
            rejection = self._stopped.get(provider)
        if rejection is not None:
            raise FetchError(OutcomeKind.MISCONFIGURED, f"not asked again after {rejection}")

    def _check_throttled(self, request: FetchRequest) -> None:
        """Raise `FetchError` until the host's Retry-After has passed (RFC 6585 4, RFC 9110 10.2.3)."""
        host = addresses.host_of(addresses.parsed(request.url))
        with self._lock:
            until = self._throttled_until.get(host)
        if until is not None and until > self._clock():
            reason = f"{host} asked us to wait until {until:%Y-%m-%d %H:%M:%S} UTC"
            raise FetchError(OutcomeKind.THROTTLED, reason, retry_at=until)

    def _await_turn(self, request: FetchRequest, *, deadline: float) -> None:
        """Wait for the provider's rate limit. Raises `NoTurnError` when waiting cannot help."""
        if self._breaker(request).is_open():
            raise NoTurnError(OutcomeKind.NOT_ASKED, f"{request.provider} seems unreachable")
        bucket = self._buckets.get(request.provider)
        if bucket is None:
            return
        wait = bucket.take(until=deadline)
        if wait is None:
            raise NoTurnError(OutcomeKind.TRANSIENT, f"the rate limit of {request.provider} left no time")
        if wait > 0:
            self._sleep(wait)
            self._shutdown.check()

    def _exchange(self, request: FetchRequest, transport: httpx.BaseTransport, *, deadline: float) -> Answer:
        breaker = self._breaker(request)
        exchange = Exchange(
            request,
            transport=transport,
            context=self._context,
            deadline=deadline,
            admit=breaker.admit,
        )
        try:
            answer = exchange.run()
        except BaseException:
            if exchange.was_admitted:
                breaker.abandoned()
            raise
        if exchange.was_admitted:
            self._learn(request, answer)
        return answer

    def _learn(self, request: FetchRequest, answer: Answer) -> None:
        """Update breaker, credentials and throttling of the answer's provider."""
        breaker = self._breaker(request)
        terms = self._terms.get(request.provider)
        has_many_hosts = terms is not None and terms.asks_many_hosts
        was_reached = answer.status is not None
        if answer.kind is OutcomeKind.TRANSIENT and not (has_many_hosts and was_reached):
            subject = site_of(request.url) if has_many_hosts else request.url
            if breaker.failed(subject):
                logger.warning("provider.unreachable", extra=described(request, answer))
        elif was_reached:
            breaker.answered()
        else:
            breaker.abandoned()
        if answer.kind is OutcomeKind.MISCONFIGURED:
            self._stop(request, answer)
        if answer.kind is OutcomeKind.THROTTLED and answer.retry_at is not None:
            with self._lock:
                self._throttled_until[addresses.host_of(addresses.parsed(answer.url))] = answer.retry_at

    def _stop(self, request: FetchRequest, answer: Answer) -> None:
        with self._lock:
            is_news = request.provider not in self._stopped
            self._stopped[request.provider] = answer.reason
        if is_news:
            logger.warning("provider.misconfigured", extra=described(request, answer))

    def _breaker(self, request: FetchRequest) -> Breaker:
        with self._lock:
            if request.provider not in self._breakers:
                self._breakers[request.provider] = Breaker(monotonic=self._monotonic)
            return self._breakers[request.provider]

    def _new_transport(self) -> GuardedTransport:
        """Called under the pool's lock, so that the authorities are loaded only once."""
        if self._ssl_context is None:
            self._ssl_context = httpx.create_ssl_context()
        return GuardedTransport(
            self._settings,
            ssl_context=self._ssl_context,
            resolve=self._resolve,
            deadline=Deadline(self._monotonic, self._shutdown),
        )


def site_of(url: str) -> str:
    """The host without `www.`: failures of both names count as one."""
    return addresses.host_of(addresses.parsed(url)).removeprefix("www.")


def described(request: FetchRequest, answer: Answer) -> dict[str, object]:
    """The fields of a log event. Answers contain no secrets."""
    return {
        "provider": request.provider,
        "url": answer.url,
        "outcome": answer.kind.value,
        "status": answer.status,
        "reason": answer.reason,
    }
