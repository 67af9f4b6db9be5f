from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.fetcher.addresses import LONGEST_URL, check, parsed, redirected
from logocache.fetcher.limits import FetchError
from logocache.model import OutcomeKind

REFUSED = {
    "ftp": "ftp://example.com/",
    "file": "file:///etc/passwd",
    "data": "data:image/png;base64,AAAA",
    "no scheme": "//example.com/",
    "no host": "https:///path",
    "user": "https://user@example.com/",
    "user and password": "https://user:password@example.com/",
    "IPv4": "http://93.184.215.14/",
    "loopback": "http://127.0.0.1/",
    "short loopback": "http://127.1/",
    "hexadecimal": "http://0x7f.1/",
    "hexadecimal in one": "http://0x7f000001/",
    "empty hexadecimal": "http://a.0x/",
    "octal": "http://0177.0.0.1/",
    "decimal": "http://2130706433/",
    "full width": "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "ideographic full stops": "http://127\u30020\u30020\u30021/",
    "number at the end": "http://example.1/",
    "with final dot": "http://127.0.0.1./",
    "too large for IPv4": "http://1.2.3.400/",
    "IPv6": "http://[2606:4700::1111]/",
    "IPv6 loopback": "http://[::1]/",
    "IPv6 with scope": "http://[fe80::1%25eth0]/",
    "other port": "https://example.com:8443/",
    "port of the other scheme": "https://example.com:80/",
    "port zero": "https://example.com:0/",
    "negative port": "https://example.com:-1/",
    "local name": "http://localhost/",
    "local name with final dot": "http://localhost./",
    "name below localhost": "http://www.localhost/",
    "private use": "http://microsoft.internal/",
    "multicast DNS": "http://PRINTER.local/",
    "home network": "http://nas.home.arpa/",
    "home networks of old": "http://nas.lan/",
    "corporate": "http://wiki.corp/",
    "container": "http://kubernetes.default.svc/",
    "reverse zone": "http://1.0.0.127.in-addr.arpa/",
    "hidden service": "http://abc.onion/",
    "not of the DNS": "http://abc.alt/",
    "empty label": "http://example..com/",
    "percent-encoded host": "http://exa%6Dple.com/",
    "space": "http://exa mple.com/",
    "long label": f"http://{'a' * 64}.com/",
    "long name": f"http://{'a.' * 130}com/",
    "mixed into a label": "http://a_b!.com/",
    "backslash": "http://example.com\\@127.0.0.1/",
    "newline": "http://example.com/\r\nX: y",
    "A-label of no code point": "https://xn--a.example/",
    "A-label of nothing": "https://xn--.example/",
    "A-label of a symbol": "https://xn--ls8h.example/",
    "lone surrogate": "http://example.com/\udcff",
    "too long": "https://example.com/" + "a" * LONGEST_URL,
}

ASKED = {
    "https": "https://example.com/favicon.ico?x=1",
    "http": "http://www.example.com/",
    "own port": "https://example.com:443/",
    "upper case": "HTTPS://EXAMPLE.COM/",
    "international": "https://bücher.example/",
    "underscore": "https://my_shop.example/",
    "digits in a label": "https://1.2.3.4.example/",
    "a suffix within": "https://internal.local.example/",
    "the probe for stand-ins": "https://0123456789abcdef.invalid/",
    "testing": "https://shop.test/",
}


def refusal(url: str, trusted_origin: str | None = None) -> FetchError | None:
    try:
        check(parsed(url), trusted_origin=trusted_origin)
    except FetchError as error:
        return error
    return None


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_a_url_that_is_not_of_a_public_web_server_is_refused(url: str) -> None:
    refused = refusal(url)
    assert refused is not None
    assert refused.kind is OutcomeKind.REFUSED
    assert refused.reason


@pytest.mark.parametrize("url", ASKED.values(), ids=ASKED)
def test_a_url_of_a_public_web_server_is_asked(url: str) -> None:
    assert refusal(url) is None


@pytest.mark.parametrize(
    ("url", "trusted_origin"),
    [
        pytest.param("http://localhost:8080/x", "http://localhost:8080", id="local name and port"),
        pytest.param("http://10.0.0.1:8080/x", "http://10.0.0.1:8080", id="IPv4"),
        pytest.param("http://[::1]:8080/x", "http://[::1]:8080", id="IPv6"),
        pytest.param("https://logos/x", "https://logos:443", id="default port written out"),
    ],
)
def test_in_the_trusted_origin_ports_names_and_literals_are_free(url: str, trusted_origin: str) -> None:
    assert refusal(url) is not None
    assert refusal(url, trusted_origin) is None


def test_an_intranets_names_can_be_let_through_and_no_others() -> None:
    for url in ("http://wiki.corp/", "http://microsoft.internal/", "http://nas.home.arpa/"):
        check(parsed(url), local_names=True)
    for url in ("http://localhost/", "http://corp/", "http://abc.onion/", "http://x.in-addr.arpa/"):
        with pytest.raises(FetchError):
            check(parsed(url), local_names=True)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://localhost:8081/", id="other port"),
        pytest.param("https://localhost:8080/", id="other scheme"),
        pytest.param("http://127.0.0.1:8080/", id="other spelling of the host"),
        pytest.param("http://user@localhost:8080/", id="user information"),
        pytest.param("ftp://localhost:8080/", id="other protocol"),
    ],
)
def test_trust_does_not_reach_beyond_the_trusted_origin(url: str) -> None:
    assert refusal(url, "http://localhost:8080") is not None


@pytest.mark.parametrize(
    ("location", "target"),
    [
        pytest.param("/b", "https://example.com/b", id="absolute path"),
        pytest.param("c?x=1", "https://example.com/a/c?x=1", id="relative path"),
        pytest.param("//cdn.example/b#top", "https://cdn.example/b", id="other host, fragment dropped"),
        pytest.param("https://127.0.0.1/", "https://127.0.0.1/", id="checked later, when it is asked"),
    ],
)
def test_a_redirect_is_resolved_against_where_it_came_from(location: str, target: str) -> None:
    assert str(redirected(httpx.URL("https://example.com/a/b"), location)) == target


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("http://example.com/a", id="from https to http"),
        pytest.param("https://[::1/", id="broken literal"),
        pytest.param("https://example.com:99999999999x/", id="broken port"),
        pytest.param("//xn--a.example/", id="A-label of no code point"),
    ],
)
def test_a_redirect_that_must_not_be_followed_is_refused(location: str | None) -> None:
    with pytest.raises(FetchError) as caught:
        redirected(httpx.URL("https://example.com/a"), location)
    assert caught.value.kind is OutcomeKind.REFUSED


def test_a_redirect_from_http_to_https_is_followed() -> None:
    assert redirected(httpx.URL("http://example.com/"), "https://example.com/").scheme == "https"


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_text_comes_it_is_a_target_or_a_refusal(url: str, location: str) -> None:
    with suppress(FetchError):
        check(redirected(parsed("https://" + url), location))
