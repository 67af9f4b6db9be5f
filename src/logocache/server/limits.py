"""Limits on work: threads per kind of blocking work, misses per client, and open files."""

import asyncio
import contextlib
import ipaddress
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from cachetools import LRUCache

from logocache.errors import DatabaseError, DirectoryError, UnavailableError
from logocache.fetcher.limits import TokenBucket

CAPACITY = 10_000
"""Clients remembered; one that was forgotten starts with a full bucket."""
IPV6_PREFIX = 64
"""The network of one customer (RFC 6177 2), whose single addresses cost nothing."""


class ClientLimit:
    """A token bucket per client. Used by the event loop's thread only."""

    def __init__(
        self, per_minute: float, *, monotonic: Callable[[], float], capacity: int = CAPACITY
    ) -> None:
        """`per_minute` is both rate and burst; 0 means no limit. `capacity` clients are remembered."""
        self._per_second = per_minute / 60
        self._burst = per_minute
        self._monotonic = monotonic
        self._buckets: LRUCache[str, TokenBucket] = LRUCache(capacity)

    def wait_for(self, client: str) -> float:
        """Take a token for the client and return 0; if there is none, return the seconds until there is."""
        if not self._per_second:
            return 0.0
        network = network_of(client)
        bucket = self._buckets.get(network)
        if bucket is None:
            bucket = TokenBucket(self._per_second, burst=self._burst, monotonic=self._monotonic)
            self._buckets[network] = bucket
        return bucket.take_now()


def network_of(client: str) -> str:
    """The network that counts as one client: an IPv4 address, an IPv6 /64; other text unchanged."""
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
    """A few threads, with a limit on the wait for their work. Used by the thread of one event loop only."""

    def __init__(
        self, name: str, *, threads: int, seconds: float, error: type[UnavailableError], hint: str
    ) -> None:
        """`run` raises `error`, with `hint`, after `seconds`, which include the wait for a thread."""
        self._name = name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"logocache-{name.replace(' ', '-')}")
        self._free = asyncio.Semaphore(threads)
        self._seconds = seconds
        self._error = error
        self._hint = hint

    async def run(self, work: Callable[[], Result], *, within: float | None = None) -> Result:
        """Run `work` in a thread, where it goes on if the caller is cancelled; return or raise its result.

        Raises the bulkhead's UnavailableError after `within` seconds (default: those of the bulkhead).
        The wait for a thread is included, so no queue grows.
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
        """Start nothing more, and do not wait for running work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ended(self, future: "asyncio.Future[Any]") -> None:
        self._free.release()
        if not future.cancelled():
            future.exception()  # mark it as retrieved: perhaps nobody waits for it any more


class Bulkheads:
    """The bulkheads of one server."""

    def __init__(self) -> None:
        self.database = Bulkhead(
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
        for bulkhead in (self.database, self.disk, self.drawing, self.management):
            bulkhead.close()


def allow_open_files(count: int) -> None:
    """Raise the soft limit of open files, often 1024, to `count` or to the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # The kernel refuses only more than its own limit, whatever the hard limit is.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
