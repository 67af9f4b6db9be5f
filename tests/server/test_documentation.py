import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from logocache.server import create_app, create_router
from logocache.server.html import POLICY
from logocache.server.routes.documentation import relative_address
from logocache.settings import Settings
from server.small_app import Client


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(dir=tmp_path / "logos")


def test_the_page_has_every_operation_and_every_document_of_the_openapi_document(settings: Settings) -> None:
    app = create_app(settings)
    page = Client(app).get("/docs").text
    document = app.openapi()
    for path, methods in document["paths"].items():
        assert f"<code>{path}</code>" in page
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
            for parameter in operation.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in page
    for name in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{name}"' in page


def test_it_loads_nothing_from_elsewhere(settings: Settings) -> None:
    answer = Client(create_app(settings)).get("/docs")
    assert answer.headers["content-security-policy"] == POLICY
    loaded = re.findall(r'<(?:link|script|img)[^>]*(?:href|src)="([^"]*)"', answer.text)
    assert loaded
    assert all(address.startswith("./static/pages/") for address in loaded)
    assert "<style" not in answer.text


def test_head_and_etag_work(settings: Settings) -> None:
    client = Client(create_app(settings))
    tag = client.head("/docs").headers["etag"]
    assert client.get("/docs", headers={"If-None-Match": tag}).status_code == 304


def test_of_another_application_it_shows_our_part_and_finds_its_openapi_document(settings: Settings) -> None:
    app = FastAPI()
    app.add_api_route("/secret", lambda: 1)
    app.include_router(create_router(settings), prefix="/a/logos")
    client = Client(app)
    page = client.get("/a/logos/docs")
    assert "/secret" not in page.text
    assert "<code>/a/logos/healthz</code>" in page.text
    (address,) = re.findall(r'href="([^"]*openapi\.json)"', page.text)
    assert client.get(page.url.join(address).path).json()["openapi"]


def test_an_application_that_hides_its_openapi_document_gets_no_link(settings: Settings) -> None:
    app = FastAPI(openapi_url=None)
    app.include_router(create_router(settings))
    page = Client(app).get("/docs").text
    assert "OpenAPI document" in page
    assert "openapi.json" not in page


@pytest.mark.parametrize(
    ("path", "seen_from", "address"),
    [
        ("/openapi.json", "/docs", "./openapi.json"),
        ("/openapi.json", "/logos/docs", "./../openapi.json"),
        ("/api/v1/openapi.json", "/a/logos/docs", "./../../api/v1/openapi.json"),
    ],
)
def test_the_way_to_another_path_is_relative(path: str, seen_from: str, address: str) -> None:
    assert relative_address(path, seen_from=seen_from) == address


def test_behind_a_root_path_everything_is_found(settings: Settings) -> None:
    """As under `--root-path`, and as a mounted application."""
    client = Client(Starlette(routes=[Mount("/sub", create_app(settings))]))
    page = client.get("/sub/docs")
    assert "<code>/healthz</code>" in page.text
    assert "curl http://cache.test/sub/healthz" in page.text
    for address in re.findall(r'href="(\./[^"]+)"', page.text):
        target = page.url.join(address).path
        assert target == "/sub/" or client.get(target).status_code == 200, target
