"""URLs and addresses that may be asked. Pure: no lookups, no sockets."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import quote, urlencode

import httpx

from logocache.domains import is_public_host
from logocache.fetcher.limits import FetchError
from logocache.model import OutcomeKind

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

FORBIDDEN_IPV4 = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this network, RFC 791 3.2"),
        ("10.0.0.0/8", "private use, RFC 1918"),
        ("100.64.0.0/10", "shared address space of carriers, RFC 6598"),
        ("127.0.0.0/8", "loopback, RFC 1122 3.2.1.3"),
        ("168.63.129.16/32", "the host below an Azure machine, learn.microsoft.com/azure"),
        ("169.254.0.0/16", "link-local and cloud metadata, RFC 3927"),
        ("172.16.0.0/12", "private use, RFC 1918"),
        ("192.0.0.0/24", "protocol assignments, RFC 6890 2.1"),
        ("192.0.2.0/24", "documentation, RFC 5737"),
        ("192.31.196.0/24", "AS112, RFC 7535"),
        ("192.52.193.0/24", "multicast tunnelling, RFC 7450"),
        ("192.88.99.0/24", "6to4 relay anycast, RFC 7526"),
        ("192.168.0.0/16", "private use, RFC 1918"),
        ("192.175.48.0/24", "AS112, RFC 7534"),
        ("198.18.0.0/15", "benchmarking, RFC 2544"),
        ("198.51.100.0/24", "documentation, RFC 5737"),
        ("203.0.113.0/24", "documentation, RFC 5737"),
        ("224.0.0.0/4", "multicast, RFC 5771"),
        ("255.255.255.255/32", "broadcast, RFC 919 7"),
        ("240.0.0.0/4", "reserved, RFC 1112 4"),
    )
)
"""Forbidden in IPv4; everything else is global unicast. The first match gives the reason."""

FORBIDDEN_IPV6 = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("::/128", "unspecified, RFC 4291 2.5.2"),
        ("::1/128", "loopback, RFC 4291 2.5.3"),
        ("::/96", "IPv4-compatible, deprecated, RFC 4291 2.5.5.1"),
        ("::ffff:0:0:0/96", "IPv4-translated, RFC 2765 2.1"),
        ("64:ff9b:1::/48", "local translation to IPv4, RFC 8215"),
        ("100::/64", "discard only, RFC 6666"),
        ("100:0:0:1::/64", "dummy prefix, RFC 9780"),
        ("2001::/32", "Teredo, RFC 4380"),
        ("2001:2::/48", "benchmarking, RFC 5180"),
        ("2001:10::/28", "ORCHID, deprecated, RFC 4843"),
        ("2001:20::/28", "ORCHIDv2, RFC 7343"),
        ("2001:30::/28", "drone identifiers, RFC 9374"),
        ("2001::/23", "protocol assignments, RFC 2928"),
        ("2001:db8::/32", "documentation, RFC 3849"),
        ("2002::/16", "6to4, deprecated, RFC 7526"),
        ("2620:4f:8000::/48", "AS112, RFC 7534"),
        ("3ffe::/16", "6bone, withdrawn, RFC 3701"),
        ("3fff::/20", "documentation, RFC 9637"),
        ("5f00::/16", "segment routing, RFC 9602"),
        ("fc00::/7", "unique local, RFC 4193"),
        ("fe80::/10", "link-local, RFC 4291 2.5.6"),
        ("fec0::/10", "site-local, RFC 3879"),
        ("ff00::/8", "multicast, RFC 4291 2.7"),
    )
)
"""Forbidden in IPv6, besides all outside `GLOBAL_UNICAST_IPV6`. The first match gives the reason."""

GLOBAL_UNICAST_IPV6 = IPv6Network("2000::/3")
"""All that IANA has given out for unicast: RFC 4291 2.4 and the IPv6 Address Space registry."""

STANDS_FOR_IPV4 = (
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped, RFC 4291 2.5.5.2: the kernel connects by IPv4
    IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052 2.1: DNS64 makes these of public A records
)
"""Networks in which the last 32 bits are the IPv4 address that is reached."""

ISATAP_INTERFACES = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""RFC 5214 6.1: before an IPv4 address in the last 32 bits, these mark a tunnel to it."""


def forbidden_reason(address: IPAddress, *, allowed: Iterable[IPNetwork] = ()) -> str | None:
    """The reason why connections to `address` are forbidden; None if they are allowed.

    An address that stands for an IPv4 address is judged as that address. `allowed` networks take
    precedence. Deprecated tunnels (6to4, Teredo) are forbidden whatever they carry.
    """
    reached = unwrapped(address)
    if any(reached in network for network in allowed):
        return None
    if isinstance(reached, IPv4Address):
        return next((why for network, why in FORBIDDEN_IPV4 if reached in network), None)
    why = next((why for network, why in FORBIDDEN_IPV6 if reached in network), None)
    if why is not None:
        return why
    if reached not in GLOBAL_UNICAST_IPV6:
        return "not global unicast, RFC 4291 2.4"
    if reached.scope_id is not None:
        return "bound to one interface, RFC 4007"
    return isatap_reason(reached, allowed=allowed)


def unwrapped(address: IPAddress) -> IPAddress:
    """The IPv4 address for which `address` stands, else `address` itself."""
    if isinstance(address, IPv6Address) and any(address in network for network in STANDS_FOR_IPV4):
        return last_ipv4(address)
    return address


def isatap_reason(address: IPv6Address, *, allowed: Iterable[IPNetwork]) -> str | None:
    if (int(address) >> 32) & 0xFFFF_FFFF not in ISATAP_INTERFACES:
        return None
    why = forbidden_reason(last_ipv4(address), allowed=allowed)
    return None if why is None else f"tunnel to {last_ipv4(address)}: {why}"


def last_ipv4(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)


DEFAULT_PORTS = {"http": 80, "https": 443}

LONGEST_URL = 8000
"""Octets that RFC 9110 4.1 asks everyone to support."""

LONGEST_HOST = 253
"""Octets of a DNS name in its text form (RFC 1035 2.3.4)."""

HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")

NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a host an IPv4 address (WHATWG URL, "ends in a number checker")."""

Origin = tuple[str, bytes, int]


@lru_cache(maxsize=256)
def parsed(url: str) -> httpx.URL:
    """`url`, its host in ASCII. Raises `FetchError` for a text that is no URL.

    A URL is looked at in several places on its way; the last ones are remembered, for httpx takes 60 µs.
    """
    try:
        return _with_host(httpx.URL(url))
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: lone surrogates, labels too long
        raise FetchError(OutcomeKind.REFUSED, "not a valid URL") from error


def redirected(url: httpx.URL, location: str | None) -> httpx.URL:
    """The target of a redirect from `url`.

    Raises `FetchError` for a missing or invalid target, and for a redirect from https to http: an
    attacker on the network path could replace the logo.
    """
    if not location:
        raise FetchError(OutcomeKind.REFUSED, "a redirect without a target")
    try:
        target = _with_host(url.join(location).copy_with(fragment=None))
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(OutcomeKind.REFUSED, "a redirect to what is no URL") from error
    if url.scheme == "https" and target.scheme == "http":
        raise FetchError(OutcomeKind.REFUSED, "a redirect from https to http")
    return target


def _with_host(url: httpx.URL) -> httpx.URL:
    """`url`. Raises ValueError for invalid A-labels, which httpx decodes only on access."""
    _ = url.host
    return url


def check(url: httpx.URL, *, trusted_origin: str | None = None, local_names: bool = False) -> None:
    """Raise `FetchError` unless `url` may be requested.

    `trusted_origin` allows any port, host name or IP literal at that origin; `local_names` allows
    intranet names such as `wiki.corp` anywhere.
    """
    problem = problem_of(url, trusted_origin=trusted_origin, local_names=local_names)
    if problem is not None:
        raise FetchError(OutcomeKind.REFUSED, problem)


def problem_of(url: httpx.URL, *, trusted_origin: str | None, local_names: bool) -> str | None:
    if url.scheme not in DEFAULT_PORTS:
        return f"only http and https are asked, not {url.scheme or 'a relative URL'}"
    if url.userinfo:
        return "the URL holds user information"
    if len(str(url)) > LONGEST_URL:
        return f"the URL is longer than {LONGEST_URL} characters"
    if not url.raw_host:
        return "the URL names no host"
    if trusted_origin is not None and origin(url) == origin(parsed(trusted_origin)):
        return None
    if url.port is not None:  # httpx drops the scheme's own port
        return f"port {url.port} is not the default of {url.scheme}"
    return host_problem(host_of(url), local_names=local_names)


def host_problem(host: str, *, local_names: bool) -> str | None:
    if ":" in host or NUMBER.fullmatch(host.rpartition(".")[2]):
        return "refused: an IP address, not a name"
    if len(host) > LONGEST_HOST or not HOST_NAME.fullmatch(host):
        return "the URL's host is not a DNS name"
    if not is_public_host(host, or_local=local_names):
        return "refused: not the name of a public host"
    return None


def with_secrets(url: httpx.URL, secrets: Iterable[tuple[str, str]]) -> httpx.URL:
    """`url` with the secret parameters appended to its query."""
    added = urlencode(list(secrets), quote_via=quote)
    if not added:
        return url
    query = url.query.decode("ascii")
    return url.copy_with(query=f"{query}&{added}".lstrip("&").encode("ascii"))


def host_of(url: httpx.URL) -> str:
    """The host in ASCII (A-labels), without brackets."""
    return url.raw_host.decode("ascii")


def origin(url: httpx.URL) -> Origin:
    """RFC 6454: scheme, host, port."""
    return url.scheme, url.raw_host, url.port or DEFAULT_PORTS.get(url.scheme, 0)
