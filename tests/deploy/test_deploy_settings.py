"""Whatever deploys the program names only settings that it has, with values that it takes."""

import re
from pathlib import Path

import pytest

from harness.deployment import (
    COMPOSE,
    COMPOSE_EMBEDDING,
    COMPOSE_NGINX,
    DOCKERFILE,
    HEALTHCHECK,
    KUBERNETES,
    defaults,
    document,
    documents,
    files,
    name_of,
)
from logocache.settings import Settings
from logocache.settings.sources import FILE_SUFFIX, SERVICE_LINK, fields_of, secret_names, variable_of

SETTINGS = {variable_of(name): name for name in fields_of(Settings)}
SECRET_FILES = {variable_of(name) + FILE_SUFFIX for name in secret_names(fields_of(Settings))}


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_every_variable_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"\bLOGO_(?:CACHE|REFRESH)_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
    links = {name for name in named if SERVICE_LINK.match(name)}
    assert named - links - SECRET_FILES <= set(SETTINGS)


@pytest.mark.parametrize("path", [COMPOSE, COMPOSE_EMBEDDING], ids=name_of)
def test_what_compose_gives_when_nobody_sets_anything_is_the_default(path: Path) -> None:
    (environment,) = (
        service["environment"]
        for service in document(path)["services"].values()
        if "LOGO_CACHE_ENABLED" in service["environment"]
    )
    given = {
        SETTINGS[variable]: value
        for variable, value in defaults(environment)
        if variable in SETTINGS and value and variable != "LOGO_CACHE_DIR"
    }
    # Read as the program reads it, from texts.
    assert Settings(**given).model_dump() == Settings().model_dump()


def test_a_secret_that_nobody_sets_is_none_and_not_an_empty_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in defaults(document(COMPOSE)["services"]["logocache"]["environment"]):
        if variable in SETTINGS:
            monkeypatch.setenv(variable, value)
    assert Settings().http_proxy is None
    assert Settings().catalog is None


def test_the_overlay_trusts_exactly_the_address_of_nginx() -> None:
    services = document(COMPOSE_NGINX)["services"]
    ((_, trusted),) = defaults(services["logocache"]["environment"])
    assert trusted == services["nginx"]["networks"]["edge"]["ipv4_address"] + "/32"
    assert [str(network) for network in Settings(trusted_proxies=trusted).trusted_proxies] == [trusted]


def test_the_program_takes_the_config_map(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (config,) = (document for document in documents(KUBERNETES) if document["kind"] == "ConfigMap")
    for variable, value in config["data"].items():
        if variable.endswith(FILE_SUFFIX):
            secret = tmp_path / Path(value).name
            text = "postgresql://host/name" if "database" in secret.name else "a token of some length"
            secret.write_text(text, encoding="utf-8")
            monkeypatch.setenv(variable, str(secret))
        else:
            monkeypatch.setenv(variable, value)
    settings = Settings()
    assert settings.database_url is not None
    assert settings.admin_token is not None


def test_the_port_is_the_same_everywhere() -> None:
    port = Settings().serve_port
    assert f"EXPOSE {port}" in DOCKERFILE.read_text(encoding="utf-8").splitlines()
    assert f"or {port})" in HEALTHCHECK.read_text(encoding="utf-8")
    assert document(COMPOSE)["services"]["logocache"]["ports"][0].endswith(f":{port}")
