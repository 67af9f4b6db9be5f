"""How much work one client address may cause."""

import ipaddress
from collections.abc import Callable

from cachetools import LRUCache

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
