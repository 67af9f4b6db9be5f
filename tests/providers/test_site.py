"""A company's own icons, as its site names them."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import make_integration
from logocache.model import IconPurpose, OutcomeKind, StoringClass
from logocache.ports import Answer, Candidate, FetchRequest, Provider
from logocache.providers.site import MOST_NAMED, SiteProvider, hosts_of

SVG_LINK = "<link rel=icon href=/logo.svg>"
MISS = Answer(kind=OutcomeKind.NOT_FOUND, url="", status=404)
UNREACHABLE = Answer(kind=OutcomeKind.TRANSIENT, url="", reason="no address")


def page(html: str | bytes, url: str = "") -> Answer:
    """A page; `url` is where redirects led, when there were some."""
    body = html.encode() if isinstance(html, str) else html
    return Answer(kind=OutcomeKind.FOUND, url=url, status=200, body=body)


class Web:
    """Answers from a table; what is not in it cannot be reached. Nothing may be asked twice."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = answers
        self.requests: list[FetchRequest] = []

    def __call__(self, request: FetchRequest, /) -> Answer:
        assert request.url not in self.asked, "asked twice"
        self.requests.append(request)
        answer = self.answers.get(request.url, UNREACHABLE)
        return answer if answer.url else replace(answer, url=request.url)

    @property
    def asked(self) -> list[str]:
        return [request.url for request in self.requests]


PROVIDER: Provider = SiteProvider(max_page_bytes=2000, max_image_bytes=5000)


def look(web: Web, domain: str = "example.com") -> list[Candidate]:
    return list(PROVIDER.candidates(make_integration(domain=domain), web))


def urls(web: Web, domain: str = "example.com") -> list[str]:
    return [candidate.url for candidate in look(web, domain)]


def well_known(host: str) -> list[str]:
    names = ("apple-touch-icon-precomposed.png", "apple-touch-icon.png", "favicon.ico")
    return [f"https://{host}/{name}" for name in names]


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


def test_links_are_relative_to_where_redirects_led() -> None:
    web = Web({"https://example.com/": page("<link rel=icon href=i.svg>", "https://www.example.com/en/")})
    assert urls(web) == ["https://www.example.com/en/i.svg", *well_known("www.example.com")]


def test_a_host_to_which_a_redirect_led_is_not_asked_again() -> None:
    web = Web({"https://example.com/": page("", "https://www.example.com/")})
    assert urls(web) == well_known("www.example.com")
    assert web.asked == ["https://example.com/"]


@pytest.mark.parametrize(
    "kind",
    [
        OutcomeKind.BLOCKED,
        OutcomeKind.THROTTLED,
        OutcomeKind.TRANSIENT,
        OutcomeKind.NOT_ASKED,
        OutcomeKind.REFUSED,
    ],
)
def test_a_host_that_could_not_be_asked_is_left_for_the_next(kind: OutcomeKind) -> None:
    web = Web({"https://example.com/": Answer(kind=kind, url=""), "https://www.example.com/": page(SVG_LINK)})
    assert urls(web) == ["https://www.example.com/logo.svg", *well_known("www.example.com")]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(MISS, id="no page"),
        pytest.param(Answer(kind=OutcomeKind.REFUSED, url="", status=200), id="a page that is too large"),
        pytest.param(page("<p>no icons"), id="a page without icons"),
        pytest.param(page(b"\x89PNG"), id="no page at all"),
        pytest.param(page("<link rel=icon href=ftp://a.test/i>"), id="no icon that can be asked for"),
        *(
            pytest.param(Answer(kind=kind, url="", status=status), id=f"a page that fails with {status}")
            for kind, status in (
                (OutcomeKind.BLOCKED, 400),
                (OutcomeKind.BLOCKED, 405),
                (OutcomeKind.BLOCKED, 406),
                (OutcomeKind.TRANSIENT, 500),
                (OutcomeKind.TRANSIENT, 502),
                (OutcomeKind.TRANSIENT, 200),
            )
        ),
    ],
)
def test_without_named_icons_the_well_known_paths_and_the_next_host_remain(answer: Answer) -> None:
    web = Web({"https://example.com/": answer, "https://www.example.com/": page(SVG_LINK)})
    *touch, ico = well_known("example.com")
    *other_touch, other_ico = well_known("www.example.com")
    assert urls(web) == [*touch, "https://www.example.com/logo.svg", *other_touch, ico, other_ico]


@pytest.mark.parametrize("status", [401, 403, 429, 451])
def test_a_host_that_turns_us_away_is_asked_for_nothing_else(status: int) -> None:
    refusal = Answer(kind=OutcomeKind.BLOCKED, url="", status=status)
    web = Web({"https://example.com/": refusal, "https://www.example.com/": refusal})
    assert look(web) == []


def test_a_host_that_names_a_time_to_come_back_is_asked_for_nothing_else() -> None:
    busy = Answer(kind=OutcomeKind.THROTTLED, url="", status=503)
    assert look(Web({"https://example.com/": busy, "https://www.example.com/": busy})) == []


def test_only_the_start_of_a_page_is_read() -> None:
    web = Web({"https://example.com/": page(SVG_LINK)})
    SiteProvider(max_page_bytes=2_000_000, max_image_bytes=1).candidates(
        make_integration(domain="example.com"), web
    )
    assert [(request.max_bytes, request.is_start_enough) for request in web.requests] == [(500_000, True)]


REFRESH = "<meta http-equiv=refresh content='0; url=/start'>"


def test_a_page_that_leads_elsewhere_is_followed_once() -> None:
    web = Web(
        {
            "https://example.com/": page(REFRESH),
            "https://example.com/start": page(REFRESH.replace("start", "further") + SVG_LINK),
        }
    )
    assert urls(web) == ["https://example.com/logo.svg", *well_known("example.com")]
    assert web.asked == ["https://example.com/", "https://example.com/start"]


def test_a_page_that_leads_nowhere_keeps_its_own_icons() -> None:
    web = Web({"https://example.com/": page(REFRESH + SVG_LINK), "https://example.com/start": MISS})
    assert urls(web)[0] == "https://example.com/logo.svg"


def test_a_sub_domain_is_not_led_to_somebody_else() -> None:
    lead = page("<meta http-equiv=refresh content='0; url=https://login.provider.test/'>")
    web = Web({"https://app.example.com/": lead, "https://login.provider.test/": page(SVG_LINK)})
    assert "https://login.provider.test/logo.svg" not in urls(web, "app.example.com")


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


def test_a_dead_domain_costs_two_questions() -> None:
    web = Web({})
    assert look(web) == []
    assert web.asked == ["https://example.com/", "https://www.example.com/"]


@pytest.mark.parametrize(
    ("domain", "hosts"),
    [
        pytest.param("example.com", ("example.com", "www.example.com"), id="apex"),
        pytest.param("www.example.com", ("example.com", "www.example.com"), id="www"),
        pytest.param(
            "a.b.example.co.uk",
            ("a.b.example.co.uk", "example.co.uk", "www.example.co.uk"),
            id="sub-domain",
        ),
        pytest.param("shop.myshopify.com", ("shop.myshopify.com", "www.shop.myshopify.com"), id="platform"),
        pytest.param("www.gov.uk", ("www.gov.uk",), id="www of a public suffix"),
    ],
)
def test_where_a_site_may_be(domain: str, hosts: tuple[str, ...]) -> None:
    assert hosts_of(domain) == hosts


def test_a_sub_domain_falls_back_to_its_registrable_domain() -> None:
    web = Web({"https://app.example.com/": MISS, "https://example.com/": page(SVG_LINK)})
    assert urls(web, "app.example.com") == [
        *well_known("app.example.com"),
        "https://example.com/logo.svg",
        *well_known("example.com"),
    ], "its own unnamed icon comes before its parent's"


def test_a_sub_domain_that_leads_to_somebody_else_does_not_give_their_icon() -> None:
    web = Web(
        {
            "https://app.example.com/": page(SVG_LINK, "https://login.provider.test/"),
            "https://example.com/": page(SVG_LINK),
        }
    )
    assert urls(web, "app.example.com")[0] == "https://example.com/logo.svg"


def test_a_company_that_moved_gives_the_icon_of_its_new_site() -> None:
    web = Web({"https://example.com/": page(SVG_LINK, "https://renamed.test/")})
    assert urls(web)[0] == "https://renamed.test/logo.svg"


MANIFEST_URL = "https://cdn.test/m/app.json"
MANIFEST_LINK = f"<link rel=manifest href={MANIFEST_URL}>"


def manifest(*icons: Mapping[str, str]) -> Answer:
    return page(json.dumps({"icons": icons}))


def test_the_manifests_icons_are_found_and_ranked_with_the_pages() -> None:
    answer = manifest(
        {"src": "mask.png", "purpose": "maskable", "sizes": "512x512"},
        {"src": "512.png", "sizes": "512x512"},
        {"src": "mono.png", "purpose": "monochrome", "sizes": "512x512"},
    )
    html = MANIFEST_LINK + "<link rel=icon sizes=32x32 href=/32.png>"
    found = look(Web({"https://example.com/": page(html), MANIFEST_URL: answer}))
    touch, precomposed, ico = (
        each for each in found if each.url in well_known("example.com")
    )  # fmt: skip
    named = [each.url for each in found if each not in (touch, precomposed, ico)]
    assert named == [
        "https://cdn.test/m/512.png",
        "https://cdn.test/m/mask.png",
        "https://example.com/32.png",
    ]
    assert found[1].purpose is IconPurpose.MASKABLE


def test_a_manifests_icons_are_relative_to_where_redirects_led() -> None:
    moved = replace(manifest({"src": "512.png", "sizes": "512x512"}), url="https://cdn.test/v2/app.json")
    web = Web({"https://example.com/": page(MANIFEST_LINK), MANIFEST_URL: moved})
    assert urls(web)[0] == "https://cdn.test/v2/512.png"


def test_icons_of_a_manifest_alone_are_enough() -> None:
    web = Web({"https://example.com/": page(MANIFEST_LINK), MANIFEST_URL: manifest({"src": "i.png"})})
    look(web)
    assert web.asked == ["https://example.com/", MANIFEST_URL]


@pytest.mark.parametrize("link", [SVG_LINK, "<link rel=apple-touch-icon href=/t.png>"])
def test_a_manifest_is_not_asked_for_when_the_page_has_a_large_icon(link: str) -> None:
    web = Web({"https://example.com/": page(MANIFEST_LINK + link)})
    look(web)
    assert web.asked == ["https://example.com/"]


def test_a_manifest_that_is_missing_changes_nothing() -> None:
    small = "<link rel=icon sizes=16x16 href=/16.png>"
    web = Web({"https://example.com/": page(MANIFEST_LINK + small), MANIFEST_URL: MISS})
    assert urls(web) == ["https://example.com/16.png", *well_known("example.com")]


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
