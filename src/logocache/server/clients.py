"""How much work one client address may cause."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

CAPACITY = 10_000
"""Addresses remembered; one that comes back after it was forgotten starts afresh."""
IPV6_PREFIX = 64
"""One customer's network (RFC 6177 2): single addresses in it cost nothing."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class ClientLimit:
    """A token bucket for each client address. Used by the event loop's thread alone."""

    def __init__(
        self, per_minute: float, *, monotonic: Callable[[], float], capacity: int = CAPACITY
    ) -> None:
        """A client may cause a minute's share at once, and then as many as flow back. 0: no limit."""
        self._per_second = per_minute / 60
        self._burst = max(per_minute, 1.0)
        self._unlimited = per_minute == 0
        self._monotonic = monotonic
        self._buckets: LRUCache[str, _Bucket] = LRUCache(capacity)

    def wait_for(self, client: str) -> float:
        """Count one for that client: 0 when it may, else the seconds after which it may."""
        if self._unlimited:
            return 0.0
        bucket = self._filled(network_of(client))
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) / self._per_second

    def _filled(self, network: str) -> _Bucket:
        now = self._monotonic()
        bucket = self._buckets.setdefault(network, _Bucket(tokens=self._burst, filled_at=now))
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
        return bucket


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
