"""The documents of HTTP: true to their schemas, and the same as those of the command line."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from harness.small_app import make_bench
from json_schemas import schema_of
from logocache.cache import LogoCache
from logocache.documents import SCHEMA_VERSION, document_of
from logocache.health import Health, HealthStatus
from logocache.queries import ClearSelection
from logocache.server.json_documents import (
    VERSION,
    ClearDocument,
    ConfigDocument,
    EntryDocument,
    FilesDocument,
    ListingDocument,
    StatsDocument,
    config_response,
    entry_response,
    json_response,
)
from logocache.server.problems import Problem, problem_response
from logocache.settings import Settings

RESULTS: Mapping[str, type[BaseModel]] = {
    "list": ListingDocument,
    "stats": StatsDocument,
    "clear": ClearDocument,
}


def read(answer: Response) -> dict[str, object]:
    document: dict[str, object] = json.loads(bytes(answer.body))
    return document


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[LogoCache]:
    with make_bench(tmp_path).open() as cache:
        cache.init()
        yield cache


def test_the_version_is_that_of_the_command_line() -> None:
    assert VERSION == SCHEMA_VERSION


@pytest.mark.parametrize("command", RESULTS)
def test_a_schema_has_the_fields_of_the_published_one(command: str) -> None:
    made, published = RESULTS[command].model_json_schema(mode="serialization"), schema_of(command)
    assert list(made["properties"]) == list(published["properties"])
    assert set(made["required"]) == set(published["required"])
    assert made["properties"]["command"]["const"] == command


def test_answers_are_what_their_schemas_say(cache: LogoCache) -> None:
    plan = cache.plan_clear(ClearSelection(everything=True))
    for result, model in (
        (cache.list(), ListingDocument),
        (cache.stats(), StatsDocument),
        (cache.clear(plan), ClearDocument),
    ):
        document = read(json_response(document_of(result)))
        assert document == document_of(result)
        jsonschema.validate(document, model.model_json_schema(mode="serialization"))


def test_an_entry_stands_alone_as_it_stands_in_a_listing(cache: LogoCache) -> None:
    entry = cache.list().entries[0]
    document = read(entry_response(entry))
    jsonschema.validate(document, EntryDocument.model_json_schema(mode="serialization"))
    assert list(document) == list(EntryDocument.model_fields)
    assert document == {"schema_version": 1} | document_of(cache.list())["entries"][0]  # type: ignore[index, operator]  # a list of objects


def test_health_has_exactly_the_fields_that_monitoring_knows() -> None:
    health = Health(
        status=HealthStatus.DEGRADED,
        cache_enabled=True,
        cache_directory="/logos",
        directory_exists=True,
        directory_writable=False,
        total_files=None,
        total_size_mb=None,
        max_size_mb=500.0,
        size_usage_percent=None,
        files_needing_refresh=None,
        disk_space_available_gb=1.5,
        disk_usage_percent=20.25,
    )
    answer = json_response(health, status=200)
    assert read(answer) == dataclasses.asdict(health)
    assert list(read(answer)) == [
        "status",
        "cache_enabled",
        "cache_directory",
        "directory_exists",
        "directory_writable",
        "total_files",
        "total_size_mb",
        "max_size_mb",
        "size_usage_percent",
        "files_needing_refresh",
        "disk_space_available_gb",
        "disk_usage_percent",
    ]
    jsonschema.validate(read(answer), TypeAdapter(Health).json_schema(mode="serialization"))


def test_settings_are_shown_without_secrets() -> None:
    settings = Settings(admin_token="swordfish-swordfish", database_url="postgresql://me:swordfish@db/logos")
    answer = config_response(settings)
    assert read(answer) == {"schema_version": 1, "settings": settings.shown()}
    assert b"swordfish" not in bytes(answer.body)
    jsonschema.validate(read(answer), TypeAdapter(ConfigDocument).json_schema(mode="serialization"))


def test_a_page_of_files_may_be_the_last_and_empty() -> None:
    answer = json_response(FilesDocument(schema_version=VERSION, files=(), after=None))
    assert read(answer) == {"schema_version": 1, "files": [], "after": None}


def test_no_answer_is_to_be_stored() -> None:
    assert config_response(Settings()).headers["cache-control"] == "no-store"


def test_names_that_are_no_text_are_written_all_the_same() -> None:
    """A directory may be called by bytes that are no UTF-8; JSON has no such thing."""
    settings = Settings(dir=Path("/srv/\udcff"))
    assert json.loads(bytes(config_response(settings).body))["settings"]["dir"] == r"/srv/\udcff"
    problem = Problem(status=503, code="directory", title="Away", detail="/srv/\udcff is away")
    assert json.loads(bytes(problem_response(problem).body))["detail"] == r"/srv/\udcff is away"
