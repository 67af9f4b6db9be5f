from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.fetcher.addresses import (
    FORBIDDEN_IPV4,
    FORBIDDEN_IPV6,
    GLOBAL_UNICAST_IPV6,
    forbidden_reason,
    parsed,
)

FORBIDDEN = {
    "this network": "0.0.0.0",
    "this network, last": "0.255.255.255",
    "private 10": "10.0.0.1",
    "carrier, first": "100.64.0.0",
    "carrier, last": "100.127.255.255",
    "loopback": "127.0.0.1",
    "loopback elsewhere": "127.255.255.254",
    "cloud metadata": "169.254.169.254",
    "Alibaba metadata": "100.100.100.200",
    "Azure host": "168.63.129.16",
    "Oracle metadata": "192.0.0.192",
    "private 172, first": "172.16.0.0",
    "private 172, last": "172.31.255.255",
    "NAT64 discovery": "192.0.0.170",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "6to4 relay": "192.88.99.1",
    "private 192": "192.168.255.255",
    "AS112": "192.175.48.1",
    "benchmarking": "198.19.255.255",
    "multicast": "224.0.0.1",
    "multicast, last": "239.255.255.255",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified": "::",
    "loopback of IPv6": "::1",
    "compatible with private": "::10.0.0.1",
    "compatible with public": "::8.8.8.8",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:a9fe:a9fe",
    "translated private": "::ffff:0:10.0.0.1",
    "translated public": "::ffff:0:8.8.8.8",
    "NAT64 of private": "64:ff9b::10.0.0.1",
    "NAT64 of metadata": "64:ff9b::169.254.169.254",
    "local NAT64": "64:ff9b:1::8.8.8.8",
    "discard only": "100::1",
    "dummy prefix": "100:0:0:1::1",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "benchmarking of IPv6": "2001:2::1",
    "ORCHID": "2001:10::1",
    "ORCHIDv2": "2001:20::1",
    "drone identifiers": "2001:30::1",
    "protocol assignments": "2001:1ff:ffff::1",
    "documentation of IPv6": "2001:db8::1",
    "6to4 of private": "2002:a00:1::1",
    "6to4 of public": "2002:808:808::1",
    "6bone": "3ffe::1",
    "newer documentation": "3fff:fff::1",
    "segment routing": "5f00::1",
    "unallocated 4000::/3": "4000::1",
    "unallocated 200::/7": "200::1",
    "unique local": "fd00:ec2::254",
    "link-local": "fe80::1",
    "link-local with scope": "fe80::1%eth0",
    "global with scope": "2606:4700::1111%eth0",
    "site-local": "fec0::1",
    "multicast of IPv6": "ff0e::1",
    "ISATAP to private": "2606:4700::5efe:10.0.0.1",
    "ISATAP to loopback, global form": "2606:4700::200:5efe:127.0.0.1",
}

PERMITTED = {
    "public": "8.8.8.8",
    "below private 10": "9.255.255.255",
    "above private 10": "11.0.0.0",
    "below carrier": "100.63.255.255",
    "above carrier": "100.128.0.0",
    "above private 172": "172.32.0.0",
    "below loopback": "126.255.255.255",
    "below multicast": "223.255.255.255",
    "above benchmarking": "198.20.0.0",
    "public IPv6": "2606:4700::1111",
    "above protocol assignments": "2001:200::1",
    "above newer documentation is 4000": "3ff0::1",
    "mapped public": "::ffff:8.8.8.8",
    "NAT64 of public, as DNS64 gives it": "64:ff9b::8.8.8.8",
    "ISATAP to public": "2606:4700::200:5efe:8.8.8.8",
}


@pytest.mark.parametrize("text", FORBIDDEN.values(), ids=FORBIDDEN)
def test_an_address_that_is_not_public_is_forbidden_with_a_reason(text: str) -> None:
    assert forbidden_reason(ip_address(text))


@pytest.mark.parametrize("text", PERMITTED.values(), ids=PERMITTED)
def test_a_public_address_may_be_reached(text: str) -> None:
    assert forbidden_reason(ip_address(text)) is None


@pytest.mark.parametrize(
    ("text", "network"),
    [
        pytest.param("10.1.2.3", "10.0.0.0/8", id="private"),
        pytest.param("::ffff:10.1.2.3", "10.0.0.0/8", id="mapped form of it"),
        pytest.param("64:ff9b::10.1.2.3", "10.0.0.0/8", id="NAT64 form of it"),
        pytest.param("2606:4700::5efe:10.1.2.3", "10.0.0.0/8", id="ISATAP tunnel to it"),
        pytest.param("fd12::1", "fd00::/8", id="unique local"),
        pytest.param("169.254.169.254", "169.254.169.254/32", id="metadata, when named"),
    ],
)
def test_an_allowed_network_opens_what_it_contains(text: str, network: str) -> None:
    assert forbidden_reason(ip_address(text)) is not None
    assert forbidden_reason(ip_address(text), allowed=(ip_network(network),)) is None


@pytest.mark.parametrize("text", ["169.254.169.254", "127.0.0.1", "::1", "2002:a00:1::1"])
def test_an_allowed_network_opens_nothing_else(text: str) -> None:
    assert forbidden_reason(ip_address(text), allowed=(ip_network("10.0.0.0/8"),))


@given(st.ip_addresses())
def test_nothing_that_python_knows_as_private_gets_through(address: IPv4Address | IPv6Address) -> None:
    """Our table holds at least what the standard library knows, embedded forms apart."""
    if address.is_private or address.is_multicast or address.is_reserved or address.is_loopback:
        stands_for_public = int(address) >> 32 in {0xFFFF, 0x64FF9B << 64} and address.version == 6
        assert stands_for_public or forbidden_reason(address)


@pytest.mark.parametrize(("network", "why"), [*FORBIDDEN_IPV4, *FORBIDDEN_IPV6], ids=str)
def test_every_entry_of_the_tables_is_forbidden_from_end_to_end(network: IPv4Network, why: str) -> None:
    """No entry is hidden by a rule before it, and each names its source."""
    assert forbidden_reason(network[0])
    assert forbidden_reason(network[-1])
    assert "RFC" in why or "microsoft" in why


def test_outside_global_unicast_all_of_ipv6_is_closed() -> None:
    before, after = int(GLOBAL_UNICAST_IPV6[0]) - 1, int(GLOBAL_UNICAST_IPV6[-1]) + 1
    assert forbidden_reason(IPv6Address(before))
    assert forbidden_reason(IPv6Address(after))


def test_a_url_is_parsed_once_on_its_way() -> None:
    """The guard, the limits and the log all look at it."""
    assert parsed("https://a.example/logo.png") is parsed("https://a.example/logo.png")
