"""A company's own icons, as its site names them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import make_integration
from harness.web import PROVIDER, SVG_LINK, Web, look, page, urls, well_known
from logocache.model import IconPurpose, OutcomeKind, StoringClass
from logocache.ports import Answer, FetchRequest
from logocache.providers.site import MOST_NAMED, SiteProvider


def test_its_files_are_the_companys_own() -> None:
    assert PROVIDER.terms.storing is StoringClass.OWN_FILES


def test_pages_and_images_are_asked_for_within_their_limits() -> None:
    web = Web({"https://example.com/": page(SVG_LINK)})
    candidate = look(web)[0]
    assert (web.requests[0].max_bytes, web.requests[0].provider) == (2000, "site")
    assert web.requests[0].accept.startswith("text/html")
    assert PROVIDER.request(candidate) == FetchRequest(
        url="https://example.com/logo.svg", provider="site", max_bytes=5000, accept="image/*,*/*;q=0.1"
    )


def test_the_pages_icons_come_best_first_then_the_well_known_paths() -> None:
    html = (
        "<link rel=icon sizes=16x16 href=/16.png><link rel=icon sizes=192x192 href=/192.png>"
        "<link rel=apple-touch-icon href=/touch.png>" + SVG_LINK
    )
    assert urls(Web({"https://example.com/": page(html)})) == [
        "https://example.com/logo.svg",
        "https://example.com/192.png",
        "https://example.com/touch.png",
        "https://example.com/16.png",
        *well_known("example.com"),
    ]


def test_a_candidate_says_what_it_was_published_for() -> None:
    html = "<link rel=icon sizes=32x32 href=/32.png><link rel=apple-touch-icon sizes=180x180 href=/180.png>"
    found = {each.url.rpartition("/")[2]: each for each in look(Web({"https://example.com/": page(html)}))}
    assert found["180.png"].purpose is IconPurpose.TOUCH_ICON
    assert found["180.png"].expected_size == 180
    assert found["apple-touch-icon.png"].purpose is IconPurpose.TOUCH_ICON
    assert found["32.png"].purpose is IconPurpose.GENERAL


def test_a_page_with_icons_is_the_only_thing_asked() -> None:
    web = Web({"https://example.com/": page(SVG_LINK)})
    look(web)
    assert web.asked == ["https://example.com/"]


def test_only_the_start_of_a_page_is_read() -> None:
    web = Web({"https://example.com/": page(SVG_LINK)})
    SiteProvider(max_page_bytes=2_000_000, max_image_bytes=1).candidates(
        make_integration(domain="example.com"), web
    )
    assert [(request.max_bytes, request.is_start_enough) for request in web.requests] == [(500_000, True)]


def test_the_unnamed_icon_of_a_main_site_comes_behind_everything() -> None:
    web = Web({"https://example.com/": page(""), "https://www.example.com/": page(SVG_LINK)})
    purposes = {image.url: image.purpose for image in look(web)}
    assert purposes["https://example.com/favicon.ico"] is IconPurpose.UNNAMED
    assert [*purposes][-2:] == ["https://example.com/favicon.ico", "https://www.example.com/favicon.ico"]


def test_a_favicon_that_the_page_names_is_a_named_one() -> None:
    found = look(Web({"https://example.com/": page("<link rel=icon href=/favicon.ico>")}))
    assert [(image.url, image.purpose) for image in found if image.url.endswith(".ico")] == [
        ("https://example.com/favicon.ico", IconPurpose.GENERAL)
    ]


def test_an_image_inside_the_page_is_at_hand() -> None:
    html = "<link rel=icon href='data:image/svg+xml,%3Csvg/%3E'>"
    candidate = look(Web({"https://example.com/": page(html)}))[0]
    assert candidate.body == b"<svg/>"
    assert candidate.url.startswith("https://example.com/#sha256-")
    assert len(candidate.url) < 100


def test_images_inside_a_page_are_told_apart() -> None:
    html = "<link rel=icon href='data:,a'><link rel=icon href='data:,b'><link rel=icon href='data:,a'>"
    found = [each for each in look(Web({"https://example.com/": page(html)})) if each.body]
    assert sorted(each.body or b"" for each in found) == [b"a", b"b"]


@pytest.mark.parametrize("uri", ["data:image/png;base64,***", "data:,", "data:," + "x" * 5001])
def test_a_broken_or_large_image_inside_the_page_is_left_out(uri: str) -> None:
    web = Web({"https://example.com/": page(f"<link rel=icon href='{uri}'>")})
    assert urls(web) == well_known("example.com")


def test_there_are_never_more_candidates_than_the_limit() -> None:
    html = "".join(f"<link rel=icon sizes=64x64 href=/{number}.png>" for number in range(100))
    found = urls(Web({"https://example.com/": page(html)}))
    assert len(found) == MOST_NAMED + len(well_known("example.com"))
    assert found[MOST_NAMED:] == well_known("example.com"), "the last resort is never pushed out"


WORDS = [
    "<link rel=icon href=",
    "<link rel=manifest href=",
    "<base href=",
    "data:,",
    "https://",
    "a.test",
    "..",
]
MARKUP = st.lists(st.sampled_from(WORDS) | st.sampled_from("'>/@:%\0")).map("".join)


@given(
    pages=st.lists(
        st.builds(
            Answer,
            kind=st.sampled_from(OutcomeKind),
            url=st.text() | st.just("https://www.example.com/"),
            status=st.none() | st.just(200),
            body=st.binary() | MARKUP.map(str.encode),
            content_type=st.none() | st.text(),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_a_site_says_the_questions_are_few_and_the_candidates_can_be_shown(
    pages: list[Answer],
) -> None:
    asked: list[str] = []

    def ask(request: FetchRequest) -> Answer:
        asked.append(request.url)
        return pages[len(asked) % len(pages)]

    for candidate in PROVIDER.candidates(make_integration(domain="a.example.com"), ask):
        assert candidate.url.startswith("https://")
        assert candidate.url.isascii()
        assert candidate.url.isprintable()
    assert len(asked) <= 9
