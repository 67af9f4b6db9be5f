import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.factories import make_integration
from harness.small_app import Client, make_app, make_bench, make_foreign_app
from logocache.cache import LogoCache
from logocache.documents import document_of
from logocache.queries import ListQuery


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[LogoCache]:
    with make_bench(tmp_path).open() as cache:
        cache.init()
        yield cache


@pytest.fixture
def client(cache: LogoCache) -> Client:
    return Client(make_app(cache))


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["shopify", "slack", "stripe"]),
        ("status=cached", ["shopify", "slack"]),
        ("status=placeholder&status=pending", ["stripe"]),
        ("provider=site", ["shopify", "slack"]),
        ("category=ecommerce&text=OPI", ["shopify"]),
        ("category=other", []),
        ("key=slack&key=shopify.test", ["shopify", "slack"]),
        ("failing=true", ["stripe"]),
        ("stale=true", []),
        ("pinned=true", []),
        ("sort=size", ["stripe", "shopify", "slack"]),
        ("reverse=true", ["stripe", "slack", "shopify"]),
        ("limit=2", ["shopify", "slack"]),
        ("limit=2&after=shopify", ["slack", "stripe"]),
        ("unknown=parameter", ["shopify", "slack", "stripe"]),
    ],
)
def test_parameters_select_as_the_options_of_list(client: Client, query: str, keys: list[str]) -> None:
    answer = client.get(f"/api/integrations?{query}")
    assert answer.status_code == 200
    assert [entry["key"] for entry in answer.json()["entries"]] == keys


def test_the_answer_is_the_document_of_list(client: Client, cache: LogoCache) -> None:
    assert client.get("/api/integrations?limit=2").json() == document_of(cache.list(ListQuery(limit=2)))
    assert client.get("/api/integrations?limit=2").json()["matching"] == 3


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "invalid_request"),
        ("limit=1001", 422, "invalid_request"),
        ("limit=x", 422, "invalid_request"),
        ("status=nice", 422, "invalid_request"),
        ("sort=colour", 422, "invalid_request"),
        ("stale=perhaps", 422, "invalid_request"),
        ("text=%00", 422, "invalid_request"),
        ("text=", 422, "invalid_request"),
        ("key=" + "x" * 301, 422, "invalid_request"),
        ("&".join(["provider=site"] * 101), 422, "invalid_request"),
        ("key=shopfy", 404, "unknown_key"),
        ("after=box&sort=age", 400, "selection"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_meant_is_a_problem(client: Client, query: str, status: int, code: str) -> None:
    answer = client.get(f"/api/integrations?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("name", ["shopify", "shopify.test", "www.shopify.test"])
def test_an_entry_is_found_by_key_and_domain(client: Client, name: str) -> None:
    answer = client.get(f"/api/integrations/{name}")
    assert answer.status_code == 200
    assert (answer.json()["schema_version"], answer.json()["key"]) == (1, "shopify")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("nobody", 404),
        ("nobody.test", 404),
        ("%2e%2e%2fetc", 404),
        ("x" * 301, 422),
        ("a%00b", 422),
        ("🦄", 404),
    ],
    ids=["key", "domain", "path", "long", "nul", "unicorn"],
)
def test_what_is_no_entry_is_a_problem(client: Client, name: str, status: int) -> None:
    answer = client.get(f"/api/integrations/{name}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_entry_that_only_the_catalogue_knows_says_what_to_do(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    with bench.open() as cache:
        cache.init()
    bench.integrations = [*bench.integrations, make_integration("new")]
    with bench.open() as cache:
        answer = Client(make_app(cache)).get("/api/integrations/new")
    assert answer.status_code == 404
    assert "run `logocache init`" in answer.json()["detail"]


def test_figures_of_the_database_are_those_of_stats(client: Client, cache: LogoCache) -> None:
    answer = client.get("/api/integrations/logos/stats").json()
    expected = document_of(cache.stats())
    moving = {"disk_free_bytes"}
    assert {name: answer[name] for name in answer.keys() - moving} == {
        name: expected[name] for name in expected.keys() - moving
    }


def test_head_answers_as_get_without_the_body(client: Client) -> None:
    for path in ("/api/integrations", "/api/integrations/shopify", "/api/integrations/logos/stats"):
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) > 100


def test_answers_are_not_to_be_stored(client: Client) -> None:
    assert client.get("/api/integrations").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["", "/shopify", "/logos/stats"])
def test_without_a_usable_cache_the_answer_says_when_to_come_again(cache: LogoCache, path: str) -> None:
    shutil.rmtree(cache.settings.dir)
    answer = Client(make_app(cache)).get(f"/api/integrations{path}")
    assert (answer.status_code, answer.json()["code"]) == (503, "directory")
    assert int(answer.headers["retry-after"]) > 0


def test_in_a_foreign_application_all_is_the_same_under_its_prefix(cache: LogoCache) -> None:
    client = Client(make_foreign_app(cache))
    assert client.get("/logos/api/integrations/shopify").json()["key"] == "shopify"
    assert client.get("/logos/api/integrations/nobody").json()["code"] == "unknown_key"
    assert client.get("/logos/api/integrations?limit=0").json()["code"] == "invalid_request"
    assert client.get("/hello?size=2").json() == {"size": 2}
