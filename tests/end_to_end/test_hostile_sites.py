"""Whatever sites send: the logos of the others are stored, and the program ends well."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.internet import Loopback, Page
from harness.pictures import picture, svg
from logocache.cli.main import run

pytestmark = pytest.mark.end_to_end

GOOD = ("good-first", "good-last")
HOSTILE = ("page", "manifest", "icon", "headers", "redirect")
CATALOG = "".join(
    f'[integration.{key}]\nname = "{key}"\ndomain = "{key}.test"\ncategory = "test"\n'
    for key in (GOOD[0], *HOSTILE, GOOD[1])
)

WORDS = """// [ ] :: @ : % %ff %00 xn-- xn--a http: https: data: data:, data://[, ;base64, javascript:
file:/// \\ . .. ? # / 1.2 99999 good-last.test *.test &#x110000; &amp
\u2100 \u2488 \uff0f \u3002 é ß \u202e"""
PARTS = (*WORDS.split(), " ", "\t", "\0", "a" * 70, f"&#{'9' * 5000};")
URLS = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=8).map(
    lambda parts: "".join(parts).encode("utf-8", "replace")
)
TAGS = st.builds(
    lambda rel, href, sizes, tag: b"<%s rel='%s' href=\"%s\" sizes='%s'>" % (tag, rel, href, sizes),
    st.sampled_from([b"icon", b"manifest", b"apple-touch-icon", b"icon manifest", b"mask-icon"]),
    URLS,
    st.sampled_from([b"", b"any", b"16x16", b"99999x1", b"9" * 5000 + b"x1"]),
    st.sampled_from([b"link", b"base", b"LINK\0", b"meta"]),
)
PAGES = st.lists(TAGS | st.binary(max_size=40), max_size=5).map(b"".join)
DOCUMENTS = st.binary(max_size=100) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["icons", "src", "sizes", "type", "purpose"]), inner, max_size=5)
    ),
).map(lambda value: json.dumps({"icons": [value, {"src": value}]}).encode())
IMAGES = st.binary(max_size=200) | st.builds(
    lambda image, at, put: image[: at % len(image)] + put + image[at % len(image) :],
    st.sampled_from([picture(16), svg()]),
    st.integers(min_value=0),
    st.binary(max_size=8),
)
NAMES = (
    *b"Content-Type Content-Length Content-Encoding Transfer-Encoding Connection Set-Cookie".split(),
    *b"ETag Last-Modified Retry-After Location \xff".split(),
    b"",
)
VALUES = (
    *b'gzip chunked -1 1e3 0x10 close W/"\xff" text/html;charset=undefined text/html;charset=idna'.split(),
    b"Mon, 01 Jan 0001 00:00:00 +9999",
    b"Fri, 31 Feb 99999 25:61:61 GMT",
    b"9" * 5000,
)
FIELDS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.binary(max_size=20) | st.sampled_from(VALUES)), max_size=6
).map(lambda fields: b"".join(name + b": " + value + b"\r\n" for name, value in fields))
STATUS = st.sampled_from([b"200", b"206", b"304", b"301", b"429", b"503", b"999", b"000", b"-1", b"\xff"])
ANSWERS = st.binary(max_size=60) | st.builds(
    lambda status, fields, body: b"HTTP/1.1 " + status + b" X\r\n" + fields + b"\r\n" + body,
    STATUS,
    FIELDS,
    PAGES,
)


def sent(body: bytes) -> Page:
    return Page(raw=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """Good sites, and the settings to ask them."""
    catalog = tmp_path / "catalog.toml"
    catalog.write_text(CATALOG, encoding="utf-8")
    with Loopback(tmp_path) as internet:
        for number, key in enumerate(GOOD):
            internet.sites[f"{key}.test"] = {"/favicon.ico": Page(body=picture(64 + number))}
        for name, value in internet.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("LOGO_CACHE_DIR", str(tmp_path / "logos"))
        monkeypatch.setenv("LOGO_CACHE_CATALOG", str(catalog))
        monkeypatch.setenv("LOGO_CACHE_PROVIDERS", "site")
        monkeypatch.setenv("LOGO_CACHE_RETRIES", "0")
        yield internet


def test_the_others_are_stored_whatever_some_sites_send(
    internet: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(page=PAGES, manifest=DOCUMENTS, icon=IMAGES, headers=ANSWERS, redirect=URLS)
    @example(
        page=b'<link rel=icon href="data://[,x">',
        manifest=b"[" * 200_000,
        icon=b"",
        headers=b"",
        redirect=b"//[",
    )
    @example(
        page=b"<link rel=icon href='&#" + b"9" * 5000 + b";'>",
        manifest=b'{"icons":[' + b"9" * 5000 + b"]}",
        icon=b"\x89PNG\r\n\x1a\n",
        headers=b"HTTP/1.1 429 X\r\nRetry-After: " + b"9" * 5000 + b"\r\n\r\n",
        redirect=b"\xff\xfe",
    )
    def play(page: bytes, manifest: bytes, icon: bytes, headers: bytes, redirect: bytes) -> None:
        internet.sites["page.test"] = {"/": sent(page)}
        internet.sites["manifest.test"] = {"/": sent(b"<link rel=manifest href=m>"), "/m": sent(manifest)}
        internet.sites["icon.test"] = {"/": sent(b"<link rel=icon href=i>"), "/i": sent(icon)}
        internet.sites["headers.test"] = {"/": Page(raw=headers), "/favicon.ico": Page(raw=headers)}
        target = redirect.replace(b"\r", b"").replace(b"\n", b"")
        moved = Page(raw=b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n")
        internet.sites["redirect.test"] = {"/": moved, "/favicon.ico": moved}
        assert run(["init", *GOOD, *HOSTILE, "--force-refresh", "--json"]) == 0
        out, err = capsys.readouterr()
        shown = {logo["key"]: logo["status"] for logo in json.loads(out)["logos"]}
        assert len(shown) == len(GOOD) + len(HOSTILE)
        assert {shown[key] for key in GOOD} == {"cached"}
        assert "entry.error" not in err, "it is not even our mistake that is isolated"

    play()
