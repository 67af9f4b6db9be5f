"""The pages as people meet them: a real server, and a headless Chromium."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from urllib.parse import urlsplit

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: see the dependency group `test`")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from harness.browser import browser, complaints, needs_chromium, prefer, requested, resize
from harness.server_thread import running
from logocache import Settings, open_cache
from logocache.server import create_app

pytestmark = [pytest.mark.end_to_end, needs_chromium]

STORED = ("github", "paypal", "shopify", "slack", "stripe", "activecampaign")
PATIENCE = 120
NARROW, WIDE = (360, 740), (1280, 900)
LEAST_RULES = 10
PAGES = ("/", "/logos/shopify")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    driver: webdriver.Chrome
    base: str

    def open(self, path: str, *, size: tuple[int, int] = WIDE, scheme: str = "light") -> None:
        resize(self.driver, *size)
        prefer(self.driver, color_scheme=scheme, reduced_motion="reduce")
        self.driver.get(self.base + path)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def shown(self) -> list[str]:
        """The names on all cards that are not filtered away."""
        return [
            element.text
            for element in self.driver.find_elements(By.CSS_SELECTOR, "#grid li:not([hidden]) strong")
        ]

    def until(self, script: str) -> None:
        """Wait until the expression is true in the page."""
        WebDriverWait(self.driver, PATIENCE).until(
            lambda driver: driver.execute_script(f"return Boolean({script})"), script
        )

    def press(self, *keys: str) -> None:
        """On whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a few logos of the icon sets, a placeholder, and many entries without a logo."""
    folder = tmp_path_factory.mktemp("gallery") / "logos"
    settings = Settings(dir=folder, offline=True, background_refresh=False)
    with open_cache(settings) as cache:
        cache.init(STORED)
    with running(create_app(settings)) as up:
        yield f"http://{up.address[0]}:{up.address[1]}"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def visit(driver: webdriver.Chrome, address: str) -> Iterator[Visit]:
    """After each test the console must be empty, and everything loaded must be the server's."""
    complaints(driver)
    visit = Visit(driver=driver, base=address)
    yield visit
    assert complaints(driver) == []
    assert {f"http://{urlsplit(name).netloc}" for name in requested(driver)} <= {address}


def test_logos_are_visible(visit: Visit) -> None:
    visit.open("/?state=cached&state=placeholder")
    visit.until("document.querySelectorAll('#grid li:not([hidden]) img').length === 6")
    visit.until(
        "[...document.querySelectorAll('li:not([hidden]) img')].every((logo) => logo.naturalWidth > 0)"
    )


def test_search_narrows_while_typing_and_ignores_accents(visit: Visit) -> None:
    visit.open("/")
    visit.find("#search").send_keys("PÁY")
    visit.until("document.querySelector('#count').textContent.includes(' of ')")
    names = visit.shown()
    assert "PayPal" in names
    assert "Slack" not in names
    assert visit.find("#count").text.startswith(f"{len(names)} of ")
    assert "q=P" in visit.driver.current_url


def test_chips_narrow_and_tell_what_the_others_would_show(visit: Visit) -> None:
    visit.open("/")
    visit.find(".chip.placeholder").click()
    visit.until("document.querySelector('#count').textContent.startsWith('1 of')")
    assert visit.shown() == ["ActiveCampaign"]
    visit.find("details[data-facet=category] summary").click()
    visit.find("details[data-facet=category] .chip:not(.none)").click()
    visit.until("document.querySelector('details[data-facet=category] .chosen').textContent === '1'")
    assert visit.shown() == ["ActiveCampaign"]
    visit.press(Keys.ESCAPE)
    visit.until("!document.querySelector('details[open]')")
    visit.find("#reset").click()
    visit.until("document.querySelector('#reset').hidden")
    assert len(visit.shown()) > len(STORED)


def test_a_filter_in_the_address_is_in_force_from_the_start(visit: Visit) -> None:
    visit.open("/?q=sto&sort=largest&state=cached&state=nonsense&sort=%00")
    visit.until("!document.querySelector('#tools').hidden")
    assert visit.find("#search").get_attribute("value") == "sto"
    assert visit.find("#sort").get_attribute("value") == "largest"


def test_nothing_that_matches_is_said_and_undone(visit: Visit) -> None:
    visit.open("/?q=zzzz")
    visit.until("!document.querySelector('#no-match').hidden")
    assert visit.find("#count").text.startswith("0 of ")
    visit.find("#no-match button").click()
    visit.until("document.querySelector('#no-match').hidden")


@pytest.mark.parametrize("order", ["newest", "oldest", "largest", "used"])
def test_the_order_can_be_chosen(visit: Visit, order: str) -> None:
    visit.open(f"/?sort={order}&state=cached")
    field = {"newest": "fetched", "oldest": "fetched", "largest": "size", "used": "used"}[order]
    values = visit.driver.execute_script(
        "return [...document.querySelectorAll('#grid li:not([hidden])')]"
        f".map((card) => Number(card.dataset.{field}))"
    )
    assert len(values) == 5
    assert values == sorted(values, reverse=order != "oldest")


def test_all_is_within_reach_of_the_keyboard(visit: Visit) -> None:
    visit.open("/?q=shopify")
    visit.until("!document.querySelector('#tools').hidden")
    visit.press("/")
    visit.until("document.activeElement.id === 'search'")
    assert visit.find("#search").get_attribute("value") == "shopify"
    for _ in range(20):
        if visit.driver.execute_script("return document.activeElement.matches('a.card')"):
            break
        visit.press(Keys.TAB)
    card = visit.driver.switch_to.active_element
    assert "Shopify" in card.text
    card.send_keys(Keys.ENTER)
    visit.until("document.querySelector('dialog[open] .facts')")
    assert visit.find("dialog #facts-title").text == "Shopify"
    assert visit.driver.execute_script("return document.activeElement.closest('dialog') !== null")
    visit.press(Keys.ESCAPE)
    visit.until("!document.querySelector('dialog[open]')")
    assert visit.driver.switch_to.active_element == card


def test_the_dialog_shows_the_facts_with_whole_addresses(visit: Visit) -> None:
    visit.open("/")
    visit.until("!document.querySelector('#tools').hidden")
    visit.find("a.card[href$='logos/stripe']").click()
    visit.until("document.querySelector('dialog .facts img')?.naturalWidth > 0")
    links = [element.text for element in visit.driver.find_elements(By.CSS_SELECTOR, "dialog [data-address]")]
    assert links[:2] == [f"{visit.base}/api/integrations/stripe/logo", f"{visit.base}/stripe.com"]
    visit.find("dialog [data-copy]").click()
    visit.until("document.querySelector('dialog [data-copied]').textContent")
    visit.find("dialog .close").click()
    visit.until("!document.querySelector('dialog[open]')")


def test_without_scripts_all_logos_are_there_and_links_lead_to_the_facts(visit: Visit) -> None:
    visit.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit.open("/")
        assert not visit.find("#tools").is_displayed()
        cards = visit.driver.find_elements(By.CSS_SELECTOR, "a.card")
        assert len(cards) > len(STORED)
        visit.find("a.card[href$='logos/shopify']").click()
        WebDriverWait(visit.driver, PATIENCE).until(
            lambda driver: driver.current_url.endswith("/logos/shopify")
        )
        assert visit.find("[data-address]").text == "/api/integrations/shopify/logo"
    finally:
        visit.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("path", PAGES)
def test_a_narrow_screen_needs_no_sideways_scrolling(visit: Visit, path: str) -> None:
    visit.open(path, size=NARROW)
    assert visit.driver.execute_script("return document.documentElement.scrollWidth") <= NARROW[0]


def test_the_dialog_fits_a_narrow_screen(visit: Visit) -> None:
    visit.open("/", size=NARROW)
    visit.until("!document.querySelector('#tools').hidden")
    visit.find("a.card[href$='logos/shopify']").click()
    visit.until("document.querySelector('dialog .facts')")
    widths = visit.driver.execute_script(
        "const dialog = document.querySelector('dialog'); return [dialog.scrollWidth, dialog.clientWidth]"
    )
    assert widths[0] <= widths[1]


def test_the_scheme_is_that_of_the_system(visit: Visit) -> None:
    seen = set()
    for scheme in ("light", "dark"):
        visit.open("/", scheme=scheme)
        seen.add(visit.find("body").value_of_css_property("background-color"))
    assert len(seen) == 2


def test_who_wants_no_motion_gets_none(visit: Visit) -> None:
    visit.open("/")
    assert visit.find(".card").value_of_css_property("transition-duration") == "0s"
    prefer(visit.driver, reduced_motion="no-preference")
    assert visit.find(".card").value_of_css_property("transition-duration") != "0s"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, "/?q=zzzz"])
def test_axe_finds_nothing(visit: Visit, path: str, scheme: str) -> None:
    """axe-core's rules for WCAG 2.1 A and AA, and its best practices."""
    pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    visit.open(path, scheme=scheme)
    assert violations(visit) == []


def test_axe_finds_nothing_in_the_open_dialog(visit: Visit) -> None:
    pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    visit.open("/")
    visit.until("!document.querySelector('#tools').hidden")
    visit.find("a.card[href$='logos/shopify']").click()
    visit.until("document.querySelector('dialog .facts')")
    assert violations(visit) == []


def violations(visit: Visit) -> list[str]:
    """Rule and place of each, of the rules that apply at all."""
    visit.driver.execute_script(
        resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    )
    # Cards are alike, and axe takes half a minute for 743 of them.
    visit.driver.execute_script(
        "document.querySelectorAll('#grid li:nth-child(n + 30)').forEach((card) => card.remove())"
    )
    found = visit.driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run().then((result) => done({kept: result.passes.length, broken: result.violations.flatMap("
        "(rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`))}))"
    )
    assert found["kept"] > LEAST_RULES, "axe has looked at next to nothing"
    return [str(item) for item in found["broken"]]
