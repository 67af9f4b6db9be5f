"""The hosts of a company: which are asked, and what their redirects and refusals lead to."""

import pytest

from harness.factories import make_integration
from harness.web import MISS, PROVIDER, SVG_LINK, Web, look, page, urls, well_known
from logocache.model import OutcomeKind
from logocache.ports import Answer
from logocache.providers.site import hosts_of


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


def pages_of(web: Web, domain: str) -> dict[str, str | None]:
    """Of each image: the host of the page that names it."""
    entry = make_integration("any", domain=domain, icons={"logos": "any"})
    return {offer.url: offer.page_host for offer in PROVIDER.candidates(entry, web)}


def test_an_icon_says_which_page_names_it() -> None:
    html = "<link rel=icon sizes=any href=https://cdn.test/i.svg type=image/svg+xml>"
    html += "<link rel=icon href=https://cdn.test/d.svg media='(prefers-color-scheme: dark)'>"
    web = Web({"https://example.com/": page(html, "https://www.example.com/")})
    unnamed = dict.fromkeys(well_known("www.example.com"))
    named = dict.fromkeys(["https://cdn.test/i.svg", "https://cdn.test/d.svg"], "www.example.com")
    assert pages_of(web, "example.com") == named | unnamed


@pytest.mark.parametrize(
    ("domain", "led_to"),
    [
        ("example.com", "www.parent.test"),
        ("app.example.com", "accounts.example.com"),
        ("app.example.com", "sso.test"),
    ],
)
def test_behind_a_page_of_another_owner_the_own_unnamed_icons_come_first(domain: str, led_to: str) -> None:
    web = Web({f"https://{domain}/": page(SVG_LINK, f"https://{led_to}/start")})
    found = pages_of(web, domain)
    assert list(found)[:4] == [*well_known(domain), f"https://{led_to}/logo.svg"]
    assert found[f"https://{led_to}/logo.svg"] == led_to


def test_what_a_parent_shows_in_place_of_a_sub_domain_is_the_parents() -> None:
    web = Web(
        {"https://app.example.com/": MISS, "https://example.com/": page(SVG_LINK, "https://web.example.com/")}
    )
    assert pages_of(web, "app.example.com")["https://web.example.com/logo.svg"] == "example.com"


def test_of_a_market_one_icon_is_enough() -> None:
    web = Web({"https://example.com/": page(SVG_LINK, "https://www.sedo.com/buy")})
    assert pages_of(web, "example.com") == {"https://www.sedo.com/logo.svg": "www.sedo.com"}
