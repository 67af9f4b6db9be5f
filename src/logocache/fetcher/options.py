"""What the operator decides about the network; made from Settings by `bootstrap`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from logocache.fetcher.addresses import IPNetwork
from logocache.settings.sources import ConnectTo


@dataclass(frozen=True, slots=True, kw_only=True)
class FetcherOptions:
    """Bounds and manners. Times are seconds, above 0."""

    user_agent: str
    """One line; says who we are, and where to complain."""
    concurrency_per_host: int
    retries: int
    """Further tries for what can heal."""
    connect_timeout_seconds: float
    """To look a name up and to connect, each."""
    request_timeout_seconds: float
    """For one try with its redirects and its body."""
    allowed_networks: tuple[IPNetwork, ...] = ()
    """Networks that may be asked though they are not public."""
    connect_to: tuple[ConnectTo, ...] = ()
    """Not used with a proxy."""
    http_proxy: str | None = field(default=None, repr=False)
    provider_rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Provider → requests a second, above 0; others have no limit of their own."""
    misconfigured_statuses: Mapping[str, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))
    """Provider → HTTP statuses by which it rejects our credentials."""
    many_host_providers: frozenset[str] = frozenset()
    """Providers that ask the companies' own hosts: there one host in trouble is one failure, however
    many of its URLs fail. All others ask one host of their own."""
