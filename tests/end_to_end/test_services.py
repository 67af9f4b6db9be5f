"""Services that give logos for a domain, played by servers on loopback: each provider in its own words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.internet import Loopback, Page
from harness.pictures import picture
from logocache import Settings, open_cache
from logocache.model import OutcomeKind

pytestmark = pytest.mark.end_to_end

LOGO = Page(body=picture(128))
TOKEN = "pk_secret_token_of_ours"


@dataclass(frozen=True, kw_only=True)
class Service:
    """The setup of a provider, and the requests that it must make."""

    settings: dict[str, Any]
    host: str
    path: str
    source: str
    """The recorded address of the logo."""


def google(domain: str) -> str:
    return (
        "/faviconV2?client=SOCIAL&type=FAVICON&fallback_opts=TYPE,SIZE,URL"
        f"&url=https://{domain}&size=256&drop_404_icon=true"
    )


SERVICES = {
    "duckduckgo": Service(
        settings={},
        host="icons.duckduckgo.com",
        path="/ip3/shop.test.ico",
        source="https://icons.duckduckgo.com/ip3/shop.test.ico",
    ),
    "google": Service(
        settings={},
        host="t1.gstatic.com",
        path=google("shop.test"),
        source="https://t1.gstatic.com" + google("shop.test"),
    ),
    "logodev": Service(
        settings={"logodev_token": TOKEN, "logodev_storing_confirmed": True},
        host="img.logo.dev",
        path=f"/shop.test?size=512&format=png&retina=false&fallback=404&token={TOKEN}",
        source="https://img.logo.dev/shop.test?size=512&format=png&retina=false&fallback=404",
    ),
    "template": Service(
        settings={"template_url": "https://logos.test/{key}/{size}.png?key=" + TOKEN},
        host="logos.test",
        path=f"/shop.test/512.png?key={TOKEN}",
        source="https://logos.test/shop.test/512.png",
    ),
}


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback(tmp_path) as loopback:
        for name, value in loopback.environment.items():
            monkeypatch.setenv(name, value)
        yield loopback


def settings_of(tmp_path: Path, provider: str, **settings: Any) -> Settings:
    return Settings(dir=tmp_path / "logos", providers=[provider], retries=0, **settings)


@pytest.mark.parametrize("provider", SERVICES)
def test_each_service_is_asked_in_its_own_words(internet: Loopback, tmp_path: Path, provider: str) -> None:
    service = SERVICES[provider]
    internet.sites[service.host] = {service.path: LOGO}
    with open_cache(settings_of(tmp_path, provider, **service.settings)) as cache:
        cache.init(["slack"])
        report = cache.refresh(["shop.test"])
        logo = cache.get("shop.test")
        assert logo is not None
        attempts = cache.list().entries
    assert (report.found, logo.record.provider, logo.record.source_url) == (1, provider, service.source)
    assert service.host + service.path in internet.urls()
    assert TOKEN not in repr((report, logo, attempts)), "secrets are sent, and never stored or shown"


def test_a_clearbit_server_of_our_own_is_asked_at_its_port(internet: Loopback, tmp_path: Path) -> None:
    """An address and a port that no page could lead us to: the operator named them."""
    internet.sites["127.0.0.1"] = {"/base/shop.test?size=512&format=png": LOGO}
    settings = settings_of(tmp_path, "clearbit", clearbit_url=f"{internet.http_origin}/base", connect_to=[])
    with open_cache(settings) as cache:
        cache.init(["slack"])
        report = cache.refresh(["shop.test"])
    assert [logo.provider for logo in report.logos] == ["clearbit"], report.logos


def test_a_page_cannot_lead_us_to_an_address_or_a_port(internet: Loopback, tmp_path: Path) -> None:
    """The same server again, this time named by a site: by a link, and by a redirect."""
    internet.sites["127.0.0.1"] = {"/admin.png": LOGO}
    target = f"{internet.http_origin}/admin.png".encode()
    page = Page(
        body=b'<link rel="apple-touch-icon" href="' + target + b'"><link rel="icon" href="/icon.png">',
        headers={"Content-Type": "text/html"},
    )
    redirect = Page(status=302, headers={"Location": target.decode()})
    internet.sites["shop.test"] = {"/": page, "/icon.png": redirect, "/favicon.ico": redirect}
    with open_cache(settings_of(tmp_path, "site")) as cache:
        cache.init(["slack"])
        report = cache.refresh(["shop.test"])
    assert [logo.outcome for logo in report.logos] == [OutcomeKind.REFUSED]
    assert internet.urls("127.0.0.1") == []


def test_a_rejected_token_stops_its_provider(internet: Loopback, tmp_path: Path) -> None:
    internet.sites["img.logo.dev"] = {
        SERVICES["logodev"].path.replace("shop.test", domain): Page(status=401)
        for domain in ("shop.test", "store.test")
    }
    settings = settings_of(tmp_path, "logodev", **SERVICES["logodev"].settings, concurrency=1)
    with open_cache(settings) as cache:
        cache.init(["slack"])
        internet.forget()
        report = cache.refresh(["shop.test", "store.test"])
    assert {logo.outcome for logo in report.logos} == {OutcomeKind.MISCONFIGURED}
    assert len(internet.requests) == 1, "it is not asked again in this run"
