"""Pages, and the icons they link to."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.providers.icons import Icon, Role, ranked
from logocache.providers.page import MAX_BYTES, MAX_LINKS, PageIcons, read_page

URL = "https://example.com/shop/"


def read(html: str | bytes, content_type: str | None = None) -> PageIcons:
    body = html if isinstance(html, bytes) else html.encode()
    return read_page(body, content_type=content_type, url=URL)


def urls(html: str | bytes) -> list[str]:
    return [icon.url for icon in read(html).icons]


@pytest.mark.parametrize(
    ("media", "is_dark"),
    [
        ("(prefers-color-scheme: dark)", True),
        ("(PREFERS-color-scheme:DARK)", True),
        ("screen and ( prefers-color-scheme : dark )", True),
        ("(prefers-color-scheme: light)", False),
        ("", False),
    ],
)
def test_icons_for_dark_pages_are_told_apart(media: str, is_dark: bool) -> None:  # noqa: FBT001  # a table's column
    (icon,) = read(f'<link rel=icon href=i.svg media="{media}">').icons
    assert icon.is_dark is is_dark
    light, dark = Icon(url="https://a.test/16", role=Role.LINK, size=16), replace(icon, is_dark=True)
    assert ranked([dark, light]) == [light, dark], "behind all others"


@pytest.mark.parametrize(
    ("rel", "role"),
    [
        pytest.param("icon", Role.LINK, id="icon"),
        pytest.param("Shortcut ICON", Role.LINK, id="shortcut icon"),
        pytest.param("icon\tshortcut", Role.LINK, id="other order"),
        pytest.param("alternate icon", Role.LINK, id="with another token"),
        pytest.param("apple-touch-icon", Role.TOUCH, id="touch icon"),
        pytest.param("APPLE-touch-icon-precomposed", Role.TOUCH, id="precomposed"),
        pytest.param("icon apple-touch-icon", Role.TOUCH, id="both"),
        pytest.param("mask-icon", None, id="mask icon"),
        pytest.param("icon mask", None, id="mask icon in its first form"),
        pytest.param("icons", None, id="a longer word"),
        pytest.param("stylesheet", None, id="a style sheet"),
        pytest.param("", None, id="none"),
    ],
)
def test_rel_is_a_set_of_tokens(rel: str, role: Role | None) -> None:
    found = [icon.role for icon in read(f'<link rel="{rel}" href="i.png">').icons]
    assert found == ([role] if role is not None else [])


def test_sizes_and_type_are_kept() -> None:
    (icon,) = read('<link rel=icon href=i sizes="16x16 32X32" type="image/PNG">').icons
    assert (icon.size, icon.media_type) == (32, "image/png")


@pytest.mark.parametrize(
    ("html", "found"),
    [
        pytest.param("<link rel=icon href=i.png>", ["https://example.com/shop/i.png"], id="unquoted"),
        pytest.param("<LINK REL=icon HREF='/i.png'/>", ["https://example.com/i.png"], id="upper case"),
        pytest.param(
            "<link rel=icon href='a?b=1&amp;c=2'>", ["https://example.com/shop/a?b=1&c=2"], id="entity"
        ),
        pytest.param(
            "<link rel=icon href=a><body><link rel=icon href=b>",
            ["https://example.com/shop/a", "https://example.com/shop/b"],
            id="tree order, body too",
        ),
        pytest.param(
            "<link rel=icon href=a href=b>", ["https://example.com/shop/a"], id="the first href counts"
        ),
        pytest.param("<link rel=icon>", [], id="no href"),
        pytest.param("<link rel=icon href=''>", [], id="empty href"),
        pytest.param("<link rel=icon href>", [], id="href without a value"),
        pytest.param("<link href=i.png>", [], id="no rel"),
        pytest.param("<!-- <link rel=icon href=i.png> -->", [], id="in a comment"),
        pytest.param("<script>'<link rel=icon href=i.png>'</script>", [], id="in a script"),
        pytest.param("<link rel=icon href=ftp://a.test/i>", [], id="another scheme"),
        pytest.param(
            "<link rel=icon href=a><![odd[<link rel=icon href=b>", ["https://example.com/shop/a"], id="odd"
        ),
        pytest.param(
            "<link rel=icon media='(prefers-color-scheme: DARK)' href=a>"
            "<link rel=icon media='(prefers-color-scheme: light)' href=b>",
            ["https://example.com/shop/a", "https://example.com/shop/b"],
            id="for light and dark pages",
        ),
        pytest.param("<link rel=icon href=' data:,x '>", ["data:,x"], id="data URI"),
        pytest.param("not a page", [], id="text"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0", [], id="an image"),
        pytest.param("<li\0nk rel=icon href=i>", [], id="NUL in the name"),
        pytest.param("<link rel=icon href='i\0.png'>", [], id="NUL in the link"),
    ],
)
def test_links(html: str | bytes, found: list[str]) -> None:
    assert urls(html) == found


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param("<base href='/a/'>", "https://example.com/a/i.png", id="relative to the page"),
        pytest.param("<base href=//cdn.test>", "https://cdn.test/i.png", id="another host"),
        pytest.param(
            "<base target=x><base href=/b/><base href=/c/>", "https://example.com/b/i.png", id="first"
        ),
        pytest.param("<base href='data:text/html,x'>", "https://example.com/shop/i.png", id="not an address"),
        pytest.param("<base href=''>", "https://example.com/shop/i.png", id="empty"),
    ],
)
def test_base_is_honoured_wherever_it_stands(base: str, expected: str) -> None:
    link = "<link rel=icon href=i.png>"
    assert urls(base + link) == [expected]
    assert urls(link + base) == [expected]


def test_the_first_manifest_that_can_be_asked_is_named() -> None:
    links = "<link rel=manifest href=data:,{}><link rel=manifest href=a><link rel=manifest href=b>"
    assert read(links).manifest == "https://example.com/shop/a"
    assert read("<link rel=icon href=i>").manifest is None


def test_an_svg_in_a_data_uri_is_known_as_one() -> None:
    (icon,) = read("<link rel=icon href='data:image/svg+xml,<svg/>'>").icons
    assert icon.is_vector


def test_the_charset_of_the_header_is_used() -> None:
    body = "<link rel=icon href=ж.png>".encode("cp1251")
    assert read(body, "text/html; charset=windows-1251").icons[0].url.endswith("/%D0%B6.png")


def test_only_so_many_links_are_kept() -> None:
    assert len(urls("<link rel=icon href=a>" * 1000)) == MAX_LINKS


def test_links_beyond_the_looked_at_part_are_not_seen() -> None:
    assert urls(b" " * MAX_BYTES + b"<link rel=icon href=a>") == []


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    "unit",
    [
        "<link rel=icon href=a>",
        "<div>",
        "<a><b><i>",
        "<",
        "<!--",
        "<a b='",
        "<![CDATA[",
        "<link ",
        "&#",
        "</x ",
    ],
)
def test_ten_megabytes_of_anything_are_read_in_bounded_time(unit: str) -> None:
    """Far above what it takes (a second at most), far below what quadratic work would."""
    body = unit.encode() * (10_000_000 // len(unit))
    started = time.process_time()
    read(body)
    assert time.process_time() - started < 20


@given(body=st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(body: bytes) -> None:
    assert isinstance(read(body), PageIcons)


WORDS = ["<link ", "<base ", "rel=icon ", "href=", "<!--", "-->", "<![x", "&#x", "data:", "https://"]
MARKUP = st.lists(st.sampled_from(WORDS) | st.sampled_from("'\">/@[ a\0"))


@pytest.mark.parametrize("digits", [640, 641, 4300, 4301, 400_000])
@pytest.mark.parametrize("place", ["<link rel=icon href='a{}b'>", "<link rel=icon href=a title='{}'>", "{}"])
def test_a_character_reference_without_end_costs_no_link(place: str, digits: int) -> None:
    """Python refuses to read so long a number, and says so with a ValueError."""
    page = place.format("&#" + "9" * digits + ";") + "<link rel=icon href=last>"
    assert urls(page)[-1] == "https://example.com/shop/last"


def test_a_reference_beyond_unicode_is_no_character() -> None:
    (url,) = urls(f"<link rel=icon href='a&#{'9' * 5000};b'>")
    assert url == "https://example.com/shop/a%EF%BF%BDb"


@given(parts=MARKUP)
def test_any_markup_gives_links_that_can_be_asked(parts: list[str]) -> None:
    for url in urls("".join(parts)):
        assert url.startswith(("https://", "data:"))


@pytest.mark.parametrize(
    ("html", "target"),
    [
        ("<meta http-equiv=refresh content='0;url=/en'>", "https://a.test/en"),
        ("<meta http-equiv=Refresh content='0; URL=\"/en\"'>", "https://a.test/en"),
        ("<meta http-equiv=refresh content=\"0, url = '/en' x\">", "https://a.test/en"),
        ("<meta http-equiv=refresh content='3;/en'>", "https://a.test/en"),
        ("<meta http-equiv=refresh content='.5 url=/en'>", "https://a.test/en"),
        ("<base href=/x/><meta http-equiv=refresh content='0;en'>", "https://a.test/x/en"),
        ("<meta http-equiv=refresh content='0;url=//b.test/'>", "https://b.test/"),
        ("<meta http-equiv=refresh content='0'>", None),
        ("<meta http-equiv=refresh content='0;url='>", None),
        ("<meta http-equiv=refresh>", None),
        ("<meta http-equiv=refresh content='300;url=/news'>", None),
        ("<meta http-equiv=refresh content='0;url=javascript:a'>", None),
        ("<meta http-equiv=refresh content='soon;url=/en'>", None),
        ("<meta name=refresh content='0;url=/en'>", None),
        ("<noscript><meta http-equiv=refresh content='0;url=/plain'></noscript>", None),
        (
            "<meta http-equiv=refresh content='0;url=/1'><meta http-equiv=refresh content='0;url=/2'>",
            "https://a.test/1",
        ),
    ],
)
def test_where_a_page_leads_its_visitors(html: str, target: str | None) -> None:
    assert read_page(html.encode(), content_type=None, url="https://a.test/").refresh == target


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("/i?a=1&copy=2", "https://a.test/i?a=1&copy=2"),
        ("/i?a=1&copyright=2&reg=3", "https://a.test/i?a=1&copyright=2&reg=3"),
        ("/i?a=1&amp;copy=2", "https://a.test/i?a=1&copy=2"),
        ("/i?a&copy;", "https://a.test/i?a%C2%A9"),
        ("/i?a&copy", "https://a.test/i?a%C2%A9"),
        ("/i?a&notareference", "https://a.test/i?a&notareference"),
    ],
)
def test_references_in_addresses_are_read_as_browsers_do(href: str, url: str) -> None:
    page = read_page(f'<link rel=icon href="{href}">'.encode(), content_type=None, url="https://a.test/")
    assert [icon.url for icon in page.icons] == [url]
