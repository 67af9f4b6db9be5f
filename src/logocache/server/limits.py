"""Limits on work: threads for each kind of blocking work, and misses for each client."""

import asyncio
import ipaddress
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from cachetools import LRUCache

from logocache.errors import DatabaseError, DirectoryError, UnavailableError
from logocache.fetcher.rates import TokenBucket

CAPACITY = 10_000
"""Addresses remembered; one that comes back after it was forgotten starts afresh."""
IPV6_PREFIX = 64
"""One customer's network (RFC 6177 2): single addresses in it cost nothing."""


class ClientLimit:
    """A token bucket for each client address. Used by the event loop's thread alone."""

    def __init__(
        self, per_minute: float, *, monotonic: Callable[[], float], capacity: int = CAPACITY
    ) -> None:
        """A client may cause a minute's share at once, and then as many as flow back. 0: no limit."""
        self._per_second = per_minute / 60
        self._burst = per_minute
        self._monotonic = monotonic
        self._buckets: LRUCache[str, TokenBucket] = LRUCache(capacity)

    def wait_for(self, client: str) -> float:
        """Count one for that client: 0 when it may, else the seconds after which it may."""
        if not self._per_second:
            return 0.0
        network = network_of(client)
        bucket = self._buckets.get(network)
        if bucket is None:
            bucket = TokenBucket(self._per_second, burst=self._burst, monotonic=self._monotonic)
            self._buckets[network] = bucket
        return bucket.take_now()


def network_of(client: str) -> str:
    """What counts as one client: an IPv4 address, an IPv6 network; other texts as they are."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))


Result = TypeVar("Result")


class Bulkhead:
    """A few threads, and how long anybody waits for what they do. Used by one event loop's thread."""

    def __init__(
        self, name: str, *, threads: int, seconds: float, error: type[UnavailableError], hint: str
    ) -> None:
        """`error`, with `hint`, is raised for what was not done within `seconds`, waiting included."""
        self._name = name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"logocache-{name.replace(' ', '-')}")
        self._free = asyncio.Semaphore(threads)
        self._seconds = seconds
        self._error = error
        self._hint = hint

    async def run(self, work: Callable[[], Result], *, within: float | None = None) -> Result:
        """What `work` returns or raises. It goes on in its thread when nobody waits for it any more.

        Raises the bulkhead's UnavailableError when the time is up. No queue grows meanwhile: who waits
        for a thread gives up like all others.
        """
        seconds = self._seconds if within is None else within
        try:
            async with asyncio.timeout(seconds) as limit:
                await self._free.acquire()
                loop = asyncio.get_running_loop()
                future = loop.run_in_executor(self._pool, copy_context().run, work)
                future.add_done_callback(self._ended)
                return await asyncio.shield(future)
        except TimeoutError:
            if not limit.expired():
                raise
            problem = f"the {self._name} did not answer within {seconds:g} seconds"
            raise self._error(problem, hint=self._hint) from None

    def close(self) -> None:
        """Begin nothing any more, and wait for nobody."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ended(self, future: "asyncio.Future[Any]") -> None:
        self._free.release()
        if not future.cancelled():
            future.exception()  # whoever still waits has got it; nobody need


class Bulkheads:
    """Those of one server."""

    def __init__(self) -> None:
        self.look_ups = Bulkhead(
            "database", threads=4, seconds=5.0, error=DatabaseError, hint="check that it answers"
        )
        self.disk = Bulkhead(
            "disk of the logos", threads=8, seconds=5.0, error=DirectoryError, hint="check LOGO_CACHE_DIR"
        )
        self.drawing = Bulkhead(
            "drawing", threads=2, seconds=15.0, error=UnavailableError, hint="ask again with less load"
        )
        self.management = Bulkhead(
            "cache", threads=4, seconds=30.0, error=UnavailableError, hint="check its database and its disk"
        )

    def close(self) -> None:
        for bulkhead in (self.look_ups, self.disk, self.drawing, self.management):
            bulkhead.close()
