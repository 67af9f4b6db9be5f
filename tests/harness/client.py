"""A fetcher whose network is pytest-httpx and whose time is fake."""

import ssl
from collections.abc import Sequence

from harness.loopback import FakeTime, options, request
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.client import HttpFetcher
from logocache.ports import Answer, Fetcher, ProviderTerms


def no_names(host: str, port: int) -> Sequence[IPAddress]:
    raise AssertionError("unreachable: httpx is replaced above the network")


CONTEXT = ssl.create_default_context()
"""Loading the authorities for each fetcher would take most of the time of these tests."""


def fetcher(
    time: FakeTime,
    *providers: ProviderTerms,
    ssl_context: ssl.SSLContext | None = CONTEXT,
    **changes: object,
) -> HttpFetcher:
    return HttpFetcher(
        options(**changes),
        providers,
        ssl_context=ssl_context,
        resolve=no_names,
        clock=time.clock,
        monotonic=time.monotonic,
        sleep=time.sleep,
        random=lambda: 1.0,
    )


def ask(
    asking: Fetcher, time: FakeTime, url: str = "https://logo.example/icon.png", **changes: object
) -> Answer:
    return asking.fetch(request(url, **changes), deadline=time.now + 60)
