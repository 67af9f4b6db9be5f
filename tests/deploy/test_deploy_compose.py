"""The compose files and workflows: by their official schemas, and by what is decided in them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deployment import (
    COMPOSE,
    COMPOSE_EMBEDDING,
    COMPOSE_NGINX,
    ROOT,
    WORKFLOWS,
    Document,
    document,
    name_of,
    run_tool,
)

SERVICES = [
    pytest.param(service, id=f"{name_of(path)}: {name}")
    for path in (COMPOSE, COMPOSE_NGINX)
    for name, service in document(path)["services"].items()
    if "image" in service
]


@pytest.mark.parametrize("path", [COMPOSE, COMPOSE_NGINX, COMPOSE_EMBEDDING], ids=name_of)
def test_compose_files_follow_the_schema(path: Path) -> None:
    done = run_tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(path))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_follow_the_schema(path: Path) -> None:
    done = run_tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(path))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_may_read_only_and_pin_what_they_use(path: Path) -> None:
    workflow = document(path)
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [item for item in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", item)] == []
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_the_workflow_runs_what_ci_runs() -> None:
    steps = document(WORKFLOWS[0])["jobs"]["nox"]["steps"]
    assert steps[-1]["run"] == "bash .ci/run"


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_has_more_rights_than_it_needs(service: Document) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert "privileged" not in service


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_published_beyond_this_machine_unless_asked(service: Document) -> None:
    for port in service.get("ports", []):
        assert re.match(r"\$\{LOGOCACHE_\w+:-127\.0\.0\.1:\d+\}:\d+$", port)


@pytest.mark.parametrize("service", SERVICES)
def test_images_are_pinned_by_tag(service: Document) -> None:
    assert re.search(r":(\d|\$\{LOGOCACHE_VERSION)", service["image"])


def test_no_secret_is_in_the_file() -> None:
    for service in document(COMPOSE)["services"].values():
        for variable in service["environment"]:
            assert not re.search("PASSWORD|TOKEN|DATABASE_URL", variable) or variable.endswith("_FILE")


def test_each_secret_that_is_read_is_given() -> None:
    compose = document(COMPOSE)
    for service in compose["services"].values():
        read = {
            value.removeprefix("/run/secrets/")
            for value in service["environment"].values()
            if value.startswith("/run/secrets/")
        }
        assert read == set(service["secrets"])
    assert {secret["file"] for secret in compose["secrets"].values()} == {
        f"./secrets/{name}" for name in compose["secrets"]
    }


def test_the_database_is_reached_from_inside_only_and_awaited() -> None:
    compose = document(COMPOSE)
    assert compose["networks"]["database"] == {"internal": True}
    assert compose["services"]["database"]["networks"] == ["database"]
    assert "ports" not in compose["services"]["database"]
    assert compose["services"]["logocache"]["depends_on"]["database"]["condition"] == "service_healthy"


def test_the_server_has_time_to_drain() -> None:
    grace = document(COMPOSE)["services"]["logocache"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > 4


def mounts(path: Path) -> Iterator[tuple[str, str]]:
    for service in document(path)["services"].values():
        for mount in service.get("volumes", []):
            source, _, target = mount.partition(":")
            yield source, target


def test_nginx_gets_the_logos_to_read_only_where_its_configuration_looks() -> None:
    nginx = dict(mounts(COMPOSE_NGINX))
    assert nginx["cached_logos"] == "/app/static/cached_logos:ro"
    configuration = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    assert "root /app;" in configuration
    (address,) = re.findall(r"server ([\d.]+):8080;", configuration)
    overlay = document(COMPOSE_NGINX)
    assert overlay["services"]["logocache"]["networks"]["edge"]["ipv4_address"] == address


@pytest.mark.parametrize("path", [COMPOSE, COMPOSE_EMBEDDING], ids=name_of)
def test_named_volumes_are_declared_and_files_exist(path: Path) -> None:
    declared = set(document(path)["volumes"])
    for source, _ in mounts(path):
        assert source in declared or (path.parent / source).exists()
