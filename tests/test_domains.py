# ruff: noqa: RUF001  # characters that look alike are what is tested
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logocache.domains import (
    MAX_DOMAIN_LENGTH,
    SPECIAL_USE,
    _read_suffixes,
    canonical_domain,
    quoted,
    registrable_domain,
    toggled_www,
    without_www,
)
from logocache.errors import DomainError

MAX_MESSAGE_LENGTH = 300
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 57 + ".com"])

unhurried = settings(deadline=None)
"""The first call may load the Public Suffix List."""

labels = st.one_of(
    st.text(alphabet="abz09-", max_size=64),
    st.text(alphabet="xn-abcz09", max_size=10).map("xn--{}".format),
    st.text(alphabet="aаαбあア漢한ㄅßé·ー٣۳१\u200d\u00ad。．", max_size=8),
    st.sampled_from(["com", "co", "uk", "test", "localhost", "www", "0x1", "١٢", ""]),
)
texts = st.one_of(
    st.text(alphabet=st.characters()),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "https://", "HTTP://", "//", " "]),
        st.lists(labels, max_size=6).map(".".join),
        st.sampled_from(["", ".", ":443", ":", "/path?x#y", "\n"]),
    ),
)
"""Texts of any characters, lone surrogates too, and texts that nearly are domains."""


def canonical_or_none(text: str) -> str | None:
    try:
        return canonical_domain(text)
    except DomainError:
        return None


domains = (
    st.lists(
        st.one_of(
            st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
            st.text(alphabet="aéßあア漢ー", min_size=1, max_size=8),
            st.text(alphabet="абв", min_size=1, max_size=8),
            st.just("www"),
        ),
        min_size=1,
        max_size=5,
    )
    .flatmap(
        lambda names: st.sampled_from(["com", "co.uk", "gov.uk", "рф", "test", "github.io"]).map(
            lambda suffix: ".".join([*names, suffix])
        )
    )
    .map(canonical_or_none)
    .filter(bool)
    .map(str)
)
"""Canonical domains."""


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        pytest.param("shopify.com", "shopify.com", id="canonical already"),
        pytest.param("Shopify.COM", "shopify.com", id="upper case"),
        pytest.param("shopify.com.", "shopify.com", id="final dot"),
        pytest.param("shopify.com:443", "shopify.com", id="port"),
        pytest.param("shopify.com:", "shopify.com", id="colon without port"),
        pytest.param("shopify.com:65535", "shopify.com", id="highest port"),
        pytest.param("https://www.shopify.com/path?x", "www.shopify.com", id="address keeps www"),
        pytest.param("HTTP://shopify.com#top", "shopify.com", id="scheme in upper case"),
        pytest.param("//shopify.com/x", "shopify.com", id="address without scheme"),
        pytest.param("https://shopify.com/@team:x", "shopify.com", id="at sign in the path"),
        pytest.param("shopify.com?next=https://evil.test", "shopify.com", id="address in the query"),
        pytest.param("  bücher.de \n", "xn--bcher-kva.de", id="white space and umlaut"),
        pytest.param("BÜCHER.de", "xn--bcher-kva.de", id="umlaut in upper case"),
        pytest.param("bu\u0308cher.de", "xn--bcher-kva.de", id="decomposed umlaut"),
        pytest.param("XN--Bcher-KVA.de", "xn--bcher-kva.de", id="punycode in upper case"),
        pytest.param("faß.de", "xn--fa-hia.de", id="sharp s is not ss"),
        pytest.param("ｓｈｏｐｉｆｙ。ｃｏｍ", "shopify.com", id="full width"),
        pytest.param("shop\u00adify.com", "shopify.com", id="soft hyphen"),
        pytest.param("l·l.cat", "xn--ll-0ea.cat", id="character of no script"),
        pytest.param("東京abcカひ.jp", "xn--abc-3c4b8k420ngiyb.jp", id="Japanese mix"),
        pytest.param("ㄅ漢a.tw", "xn--a-1jux89u.tw", id="Bopomofo mix"),
        pytest.param("漢한ab.kr", "xn--ab-vm3et327a.kr", id="Korean mix"),
        pytest.param("пример.рф", "xn--e1afmkfd.xn--p1ai", id="Cyrillic alone"),
        pytest.param("кот-shop.пример.com", None, id="two scripts in one label"),
        pytest.param("shop.кот.com", "shop.xn--j1aim.com", id="two scripts in two labels"),
        pytest.param("नेपाल१.com", "xn--l2bey1c2b1m.com", id="digits of the same script"),
        pytest.param("فارسی۱.com", "xn--mgbug7c06byg.com", id="Persian digits"),
        pytest.param("r3---sn.example.com", "r3---sn.example.com", id="hyphens in third and fourth place"),
        pytest.param("3m.com", "3m.com", id="label that begins with a digit"),
        pytest.param("163.com", "163.com", id="label of digits, not the last"),
        pytest.param("github.io", "github.io", id="a platform's own name"),
        pytest.param("www.gov.uk", "www.gov.uk", id="host right below a public suffix"),
        pytest.param("site.test", "site.test", id="operator's own top level"),
        pytest.param("example.com", "example.com", id="domain for examples"),
        pytest.param("shop.example", "shop.example", id="top level for examples"),
        pytest.param("foo.newtld", "foo.newtld", id="unknown top level"),
        pytest.param("a" * 63 + ".com", "a" * 63 + ".com", id="longest label"),
        pytest.param(LONGEST + ".", LONGEST, id="longest domain, with final dot"),
    ],
)
def test_a_host_as_people_type_it_becomes_canonical(text: str, domain: str | None) -> None:
    assert canonical_or_none(text) == domain


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param(" \t", "is empty", id="white space"),
        pytest.param("https:///path", "is empty", id="address without host"),
        pytest.param("localhost", "has no dot", id="localhost"),
        pytest.param("shopify", "has no dot", id="single label"),
        pytest.param("com.", "has no dot", id="top level"),
        pytest.param("1.2.3.4", "IP address", id="IPv4"),
        pytest.param("１.２.３.４", "IP address", id="IPv4 in full width"),
        pytest.param("http://1.2.3.4:80/", "IP address", id="IPv4 in an address"),
        pytest.param("[::1]", "IP address", id="IPv6"),
        pytest.param("http://[::1]:443/", "IP address", id="IPv6 in an address"),
        pytest.param("fe80::1%eth0", "IP address", id="IPv6 without brackets"),
        pytest.param("0x7f.1", "IP address", id="IPv4 in two parts"),
        pytest.param("127.1", "IP address", id="IPv4 cut short"),
        pytest.param("2130706433", "IP address", id="IPv4 as one number"),
        pytest.param("127.0.0.0X1", "IP address", id="IPv4 with hexadecimal end"),
        pytest.param("shop.0x", "IP address", id="hexadecimal without digits"),
        pytest.param("shop.123", "IP address", id="number as last label"),
        pytest.param("a..b", "dots", id="empty label"),
        pytest.param(".shopify.com", "dots", id="leading dot"),
        pytest.param("shopify.com..", "dots", id="two final dots"),
        pytest.param(".", "dots", id="only a dot"),
        pytest.param("a" * 64 + ".com", "63", id="label too long"),
        pytest.param("ü" * 60 + ".com", "at most 63", id="label too long in punycode"),
        pytest.param("a" * 300, "300 characters", id="300 characters"),
        pytest.param("a." * 127 + "com", "characters", id="domain too long"),
        pytest.param("ü." * 100 + "com", "characters", id="domain too long in punycode"),
        pytest.param("a_b.com", "letters, digits", id="underscore"),
        pytest.param("-a.com", "letters, digits", id="leading hyphen"),
        pytest.param("a-.com", "letters, digits", id="trailing hyphen"),
        pytest.param("a b.com", "letters, digits", id="space"),
        pytest.param("a%2eb.com", "letters, digits", id="percent escape"),
        pytest.param("shopify.com\\evil.com", "letters, digits", id="backslash"),
        pytest.param("\x1b[31mshopify.com", "letters, digits", id="control character"),
        pytest.param("shopify.com\x00.evil.com", "letters, digits", id="NUL"),
        pytest.param("ü_.com", "IDNA 2008", id="underscore beside an umlaut"),
        pytest.param("\ud800.com", "no domain name may have", id="lone surrogate"),
        pytest.param("i❤.ws", "IDNA 2008", id="emoji"),
        pytest.param("xn--.com", "IDNA 2008", id="empty punycode"),
        pytest.param("xn--99999999.com", "IDNA 2008", id="punycode that decodes to nothing"),
        pytest.param("xn--shopify-.com", "IDNA 2008", id="punycode of plain letters"),
        pytest.param("user@shopify.com", "user name", id="mail address"),
        pytest.param("https://user:secret@shopify.com/", "user name", id="user in an address"),
        pytest.param("ftp://shopify.com", "http and https", id="other scheme"),
        pytest.param("shopify.com:http", "port", id="port in letters"),
        pytest.param("shopify.com:65536", "port", id="port too high"),
        pytest.param("shopify.com:" + "9" * 5000, "port", id="port of 5,000 digits"),
        pytest.param("shopify.com:٤٤٣", "port", id="port in Arabic digits"),
        pytest.param("co.uk", "public suffix", id="public suffix"),
        pytest.param("anything.ck", "public suffix", id="public suffix by wildcard"),
        pytest.param("公司.cn", "public suffix", id="public suffix in Unicode"),
        pytest.param("xn--55qx5d.cn", "public suffix", id="public suffix in punycode"),
        pytest.param("pаypal.com", "Cyrillic and Latin", id="Latin with Cyrillic"),
        pytest.param("xn--pypal-4ve.com", "Cyrillic and Latin", id="the same in punycode"),
        pytest.param("gοοgle.com", "Greek and Latin", id="Latin with Greek"),
        pytest.param("каτ.com", "Cyrillic and Greek", id="Cyrillic with Greek"),
        pytest.param("漢а.com", "Cyrillic and Han", id="Han with Cyrillic"),
        pytest.param("한ひ.com", "Hangul and Hiragana", id="Korean with Japanese"),
        *(pytest.param(f"host.{name}", "reserved", id=f"reserved: {name}") for name in sorted(SPECIAL_USE)),
        pytest.param("router.home.arpa.", "reserved", id="reserved: home.arpa"),
        pytest.param("a.LOCAL", "reserved", id="reserved, in upper case"),
    ],
)
def test_what_is_no_public_host_is_refused_in_one_line_with_the_rule(text: str, rule: str) -> None:
    with pytest.raises(DomainError, match=rule) as caught:
        canonical_domain(text)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < MAX_MESSAGE_LENGTH


@unhurried
@given(texts)
def test_any_text_is_a_domain_or_a_domain_error(text: str) -> None:
    message = ""
    domain = "refused.test"
    try:
        domain = canonical_domain(text)
    except DomainError as error:
        message = str(error)
    assert message == "" or message.isprintable()
    assert len(message) < MAX_MESSAGE_LENGTH
    assert domain.isascii()
    assert domain == domain.lower()
    assert len(domain) <= MAX_DOMAIN_LENGTH
    assert all(1 <= len(label) <= 63 for label in domain.split("."))


@unhurried
@given(domains)
def test_a_canonical_domain_stays_as_it_is(domain: str) -> None:
    assert canonical_domain(domain) == domain


@unhurried
@given(domains)
def test_what_is_made_of_a_domain_is_canonical_too(domain: str) -> None:
    for other in (without_www(domain), toggled_www(domain), registrable_domain(domain)):
        assert canonical_domain(other) == other


@pytest.mark.parametrize(
    ("domain", "bare", "toggled"),
    [
        pytest.param("www.shopify.com", "shopify.com", "shopify.com", id="with www"),
        pytest.param("shopify.com", "shopify.com", "www.shopify.com", id="without www"),
        pytest.param("wwwshop.com", "wwwshop.com", "www.wwwshop.com", id="www is part of the name"),
        pytest.param("www.gov.uk", "www.gov.uk", "www.gov.uk", id="only a public suffix would be left"),
        pytest.param("www.com", "www.com", "www.com", id="only a top level would be left"),
        pytest.param("www.github.io", "github.io", "github.io", id="a platform's name is left"),
        pytest.param(LONGEST, LONGEST, LONGEST, id="no room for www"),
    ],
)
def test_www_comes_and_goes(domain: str, bare: str, toggled: str) -> None:
    assert without_www(domain) == bare
    assert toggled_www(domain) == toggled


@pytest.mark.parametrize(
    ("domain", "registrable"),
    [
        pytest.param("shopify.com", "shopify.com", id="registrable itself"),
        pytest.param("a.b.example.co.uk", "example.co.uk", id="two below"),
        pytest.param("xn--bcher-kva.xn--55qx5d.cn", "xn--bcher-kva.xn--55qx5d.cn", id="punycode suffix"),
        pytest.param("myshop.myshopify.com", "myshop.myshopify.com", id="a shop is not its platform"),
        pytest.param("www.alice.github.io", "alice.github.io", id="below a platform"),
        pytest.param("myshopify.com", "myshopify.com", id="the platform itself"),
        pytest.param("s3.amazonaws.com", "amazonaws.com", id="a platform in a platform"),
        pytest.param("shop.site.test", "site.test", id="unknown top level"),
        pytest.param("1f2e.invalid", "1f2e.invalid", id="a probe's domain"),
    ],
)
def test_the_registrable_domain_is_what_one_owner_registered(domain: str, registrable: str) -> None:
    assert registrable_domain(domain) == registrable


def test_a_quoted_text_is_short_and_printable() -> None:
    assert quoted("shopify") == "'shopify'"
    assert quoted("a" * 60) == f"'{'a' * 60}'"
    assert quoted("a" * 61) == f"'{'a' * 57}...'"
    assert len(quoted("\U000e0001" * 60)) == 62
    assert quoted("\x1b\u202e\ud800") == r"'\x1b\u202e\ud800'"


def test_importing_and_plain_mistakes_load_no_tables() -> None:
    program = """
import sys
from logocache.domains import canonical_domain
from logocache.errors import DomainError
try:
    canonical_domain("localhost")
except DomainError:
    print(sorted({"idna", "publicsuffixlist"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_threads_that_come_together_read_the_list_once() -> None:
    _read_suffixes.cache_clear()
    together = Barrier(8)

    def ask(number: int) -> str:
        together.wait()
        return registrable_domain(f"www.company{number}.co.uk")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert found == [f"company{number}.co.uk" for number in range(8)]
    assert _read_suffixes.cache_info().misses == 1
