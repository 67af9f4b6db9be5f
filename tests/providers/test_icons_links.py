"""Links as pages write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.providers.icons import MAX_LENGTH, absolute

PAGE = "https://example.com/shop/index.html?q=1"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        pytest.param("icon.png", "https://example.com/shop/icon.png", id="relative"),
        pytest.param("/icon.png", "https://example.com/icon.png", id="from the root"),
        pytest.param("../icon.png", "https://example.com/icon.png", id="one up"),
        pytest.param("//cdn.test/i.png", "https://cdn.test/i.png", id="without scheme"),
        pytest.param("HTTPS://CDN.test/I.png", "https://cdn.test/I.png", id="upper case"),
        pytest.param("https://cdn.test", "https://cdn.test/", id="no path"),
        pytest.param("i.png?v=2#x", "https://example.com/shop/i.png?v=2", id="fragment dropped"),
        pytest.param("  \x00i.png\n", "https://example.com/shop/i.png", id="spaces around"),
        pytest.param("i\n.p\tng", "https://example.com/shop/i.png", id="line break inside"),
        pytest.param("my icon.png", "https://example.com/shop/my%20icon.png", id="space"),
        pytest.param("é.png?ü", "https://example.com/shop/%C3%A9.png?%C3%BC", id="not ASCII"),
        pytest.param("a%20b%C3%A9.png", "https://example.com/shop/a%20b%C3%A9.png", id="encoded already"),
        pytest.param("i.png?a='<b>'&c", "https://example.com/shop/i.png?a='%3Cb%3E'&c", id="odd query"),
        pytest.param("https://bücher.example/i", "https://xn--bcher-kva.example/i", id="international host"),
        pytest.param("http://cdn.test/i.png", "https://cdn.test/i.png", id="http becomes https"),
        pytest.param("http://cdn.test:80/i", "https://cdn.test/i", id="with its port"),
        pytest.param("http://cdn.test:8080/i", "https://cdn.test:8080/i", id="another port stays"),
        pytest.param("https://cdn.test:443/i", "https://cdn.test:443/i", id="the scheme's own port"),
    ],
)
def test_addresses(link: str, address: str) -> None:
    assert absolute(link, PAGE) == address


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("ftp://example.com/i.png", id="ftp"),
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("data:image/png;base64,AA", id="data"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("https://user:secret@example.com/i.png", id="user information"),
        pytest.param("https://@example.com/i.png", id="empty user information"),
        pytest.param("https://:443/i.png", id="no host"),
        pytest.param("https://[::1/i.png", id="half an IPv6 address"),
        pytest.param("https://[::1]/i.png", id="an IPv6 address"),
        pytest.param("https://example.com:99999/i", id="a port too high"),
        pytest.param("https://example.com:x/i", id="a port that is no number"),
        pytest.param("https://exa mple.com/i", id="space in the host"),
        pytest.param("https://\u0430pple.com/i", id="mixed scripts in the host"),
        pytest.param("i\x00.png", id="NUL inside"),
        pytest.param("i\u2028.png", id="line separator"),
        pytest.param("i\ud800.png", id="half a surrogate pair"),
        pytest.param("i" * (MAX_LENGTH + 1), id="too long"),
        pytest.param("é" * (MAX_LENGTH // 2), id="too long when encoded"),
    ],
)
def test_links_that_mean_no_address(link: str) -> None:
    assert absolute(link, PAGE) is None


@given(link=st.text(), base=st.just(PAGE) | st.text())
def test_every_address_can_be_stored_and_shown(link: str, base: str) -> None:
    address = absolute(link, base)
    if address is not None:
        assert re.fullmatch(r"https://[a-z0-9._-]+(:\d+)?/[!-~]*", address)
        assert "#" not in address
        assert absolute(address, base) == address


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (r"\img\i.png", "https://a.test/img/i.png"),
        (r"\\cdn.test\i.png", "https://cdn.test/i.png"),
        ("///cdn.test/i.png", "https://cdn.test/i.png"),
        ("https:///cdn.test/i.png", "https://cdn.test/i.png"),
        (r"https:\\cdn.test/i.png", "https://cdn.test/i.png"),
        ("/a//b.png", "https://a.test/a//b.png"),
        (r"https://exa\mple.com/i", "https://exa/mple.com/i"),
        (r"/i?a=\b", "https://a.test/i?a=%5Cb"),
    ],
)
def test_slashes_are_read_as_browsers_do(link: str, url: str) -> None:
    assert absolute(link, "https://a.test/") == url
