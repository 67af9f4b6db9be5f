"""Which origins may read logos."""

import pytest

from logocache.server.responses import Cors

ORIGIN = b"access-control-allow-origin"


@pytest.mark.parametrize(
    ("origins", "origin", "allowed", "varies"),
    [
        (["*"], None, b"*", False),
        (["*"], "https://shop.example", b"*", False),
        (["https://shop.example"], "https://shop.example", b"https://shop.example", True),
        (["https://Shop.example/"], "https://shop.example", b"https://shop.example", True),
        (["https://shop.example"], "https://evil.example", None, True),
        (["https://shop.example"], "null", None, True),
        (["https://shop.example"], None, None, True),
        ([], "https://shop.example", None, False),
    ],
)
def test_origins(origins: list[str], origin: str | None, allowed: bytes | None, *, varies: bool) -> None:
    headers = dict(Cors(origins).headers(origin))
    assert headers.get(ORIGIN) == allowed
    assert (b"vary" in headers) is varies


def test_a_preflight_allows_reading_and_nothing_else() -> None:
    headers = dict(Cors(["*"]).preflight("https://shop.example"))
    assert headers[b"access-control-allow-methods"] == b"GET, HEAD"
    assert b"If-None-Match" in headers[b"access-control-allow-headers"]


def test_a_preflight_of_a_stranger_allows_nothing() -> None:
    headers = dict(Cors(["https://shop.example"]).preflight("https://evil.example"))
    assert not any(name.startswith(b"access-control") for name in headers)
