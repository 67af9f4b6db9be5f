"""The backend of docs/embedding.md, as it stands in docs/deploy/embedding."""

import http.client
import json
import re
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from harness.deployment import COMPOSE_EMBEDDING, DEPLOY, ROOT, document
from harness.server_thread import running
from logocache import Settings, open_cache

pytestmark = pytest.mark.end_to_end

FOLDER = DEPLOY / "embedding"
GUIDE = ROOT / "docs" / "embedding.md"


@pytest.fixture
def logos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that the backend's `static` holds, after `logocache init` for one logo."""
    directory = tmp_path / "static" / "cached_logos"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGO_CACHE_DIR", str(directory))
    monkeypatch.setenv("LOGO_CACHE_OFFLINE", "true")
    with open_cache(Settings()) as cache:
        cache.init(["shopify"])
    return directory


class Client:
    """Asks one application over a real socket."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    def get(self, path: str) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        connection = http.client.HTTPConnection(*self._address, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def json(self, path: str) -> Any:  # whatever the backend answers
        return json.loads(self.get(path)[1])


@contextmanager
def serving(app: FastAPI) -> Iterator[Client]:
    with running(app) as up:
        yield Client(up.address)


@pytest.fixture
def shop(logos: Path) -> Iterator[Client]:
    with serving(load()) as client:
        yield client


def load() -> FastAPI:
    """main.py as it runs: it makes its router, and reads the settings, at once. Leaves no byte code."""
    app: FastAPI = runpy.run_path(str(FOLDER / "main.py"))["app"]
    return app


def test_the_backend_still_answers_and_its_answer_leads_to_a_logo(shop: Client) -> None:
    order = shop.json("/api/orders/7")
    status, logo = shop.get(order["logo"])
    assert status == 200
    assert logo.startswith(b"\x89PNG\r\n")


def test_files_are_served_by_the_backend_as_before(shop: Client, logos: Path) -> None:
    (file,) = logos.glob("shopify_*.png")
    assert shop.get(f"/static/cached_logos/{file.name}") == (200, file.read_bytes())


def test_hidden_files_are_not(shop: Client, logos: Path) -> None:
    assert (logos / ".logocache" / "logocache.db").is_file()
    assert shop.get("/static/cached_logos/.logocache/logocache.db")[0] == 404
    assert shop.get("/static/cached_logos/%2elogocache/logocache.db")[0] == 404


def test_plain_static_files_would_send_the_database(logos: Path) -> None:
    """The reason for `VisibleFiles`; when this fails, the guide may do without it."""
    app = FastAPI()
    app.mount("/static", StaticFiles(directory="static"))
    with serving(app) as plain:
        assert plain.get("/static/cached_logos/.logocache/logocache.db")[0] == 200


def test_it_comes_up_when_the_cache_is_switched_off(logos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGO_CACHE_ENABLED", "false")
    monkeypatch.setenv("LOGO_CACHE_DIR", "/nowhere")
    with serving(load()) as client:
        assert client.get("/api/orders/7")[0] == 200
        assert client.get("/logos/healthz")[0] == 200


def test_compose_gives_the_four_variables_and_the_volume() -> None:
    (backend,) = document(COMPOSE_EMBEDDING)["services"].values()
    assert set(backend["environment"]) == {
        "LOGO_CACHE_DIR",
        "LOGO_REFRESH_INTERVAL_DAYS",
        "LOGO_CACHE_MAX_SIZE_MB",
        "LOGO_CACHE_ENABLED",
    }
    (volume,) = backend["volumes"]
    assert volume.partition(":")[2] == backend["environment"]["LOGO_CACHE_DIR"]
    assert f"install -d -o backend -g backend -m 0755 {volume.partition(':/app/')[2]}" in (
        FOLDER / "Dockerfile"
    ).read_text(encoding="utf-8")


def test_the_entrypoint_makes_ready_before_it_serves() -> None:
    lines = [
        line
        for line in (FOLDER / "entrypoint.sh").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert lines[0] == "set -eu"
    assert lines[1].startswith("logocache init || echo ")  # a backend without logos is better than none
    assert lines[2].startswith("exec ")


def bare(text: str) -> list[str]:
    """The lines, without indentation, comments and empty ones."""
    lines = (re.sub(r"\s*# .*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


@pytest.mark.docs
@pytest.mark.parametrize("name", ["compose.yaml", "entrypoint.sh", "main.py", "Dockerfile"])
def test_what_the_guide_shows_is_in_the_files(name: str) -> None:
    """Each block that a sentence with a file's name introduces is a part of that file, in its order."""
    page = GUIDE.read_text(encoding="utf-8")
    shown = re.findall(rf"`{re.escape(name)}`[^`]*(?:`build`:)?\n\n```\w+\n(.*?)```", page, re.DOTALL)
    assert shown
    for block in shown:
        rest = iter(bare((FOLDER / name).read_text(encoding="utf-8")))
        assert [line for line in bare(block) if line not in rest] == []
