"""Which URLs may be asked. Pure: names are not looked up here (that is `guard`)."""

import re
from collections.abc import Iterable
from urllib.parse import quote, urlencode

import httpx

from logocache.domains import is_public_host
from logocache.fetcher.failures import FetchError
from logocache.model import OutcomeKind

DEFAULT_PORTS = {"http": 80, "https": 443}

LONGEST_URL = 8000
"""Octets: what RFC 9110 4.1 asks everyone to support. Longer ones come from nobody's logo."""

LONGEST_HOST = 253
"""Octets of a DNS name in its text form (RFC 1035 2.3.4)."""

HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")

NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a host an IPv4 address (WHATWG URL, "ends in a number checker")."""

Origin = tuple[str, bytes, int]


def parsed(url: str) -> httpx.URL:
    """`url`, its host in ASCII. Raises `FetchError` for a text that is no URL."""
    try:
        return _with_host(httpx.URL(url))
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: lone surrogates, labels too long
        raise FetchError(OutcomeKind.REFUSED, "not a valid URL") from error


def redirected(url: httpx.URL, location: str | None) -> httpx.URL:
    """Where a redirect from `url` leads. Raises `FetchError` when it leads nowhere, or to plain HTTP.

    From https to http is refused: whoever sits on the way could choose the logo that is then
    kept and served for a week.
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
    """`url`. Raises ValueError for A-labels that mean no name: httpx reads them only when it is asked."""
    _ = url.host
    return url


def check(url: httpx.URL, *, trusted_origin: str | None = None, local_names: bool = False) -> None:
    """Raise `FetchError` unless `url` may be asked.

    In `trusted_origin` any port, any host name and IP literals are let through; with `local_names`
    also names of an intranet, such as `wiki.corp`, anywhere.
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
    """`url` as it is sent: the secret parameters behind those it has."""
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
