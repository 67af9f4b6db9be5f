"""docs/deployment.md says what is there, and its commands do what it says where no engine is needed."""

import re
import stat
import subprocess
from pathlib import Path

import pytest

from harness.deployment import COMPOSE, COMPOSE_NGINX, DOCKERFILE, NGINX, ROOT, document, documents, run_tool

pytestmark = pytest.mark.docs

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_every_file_that_is_named_exists() -> None:
    first_table = PAGE.partition("## ")[0]
    named = re.findall(r"`([\w./-]+/?)`", first_table)
    assert [path for path in named if "." in path and not (ROOT / path).exists()] == []


def test_every_artefact_is_named() -> None:
    for path in (ROOT / "docs" / "deploy").glob("*.*"):
        assert f"(deploy/{path.name})" in PAGE


def test_the_secrets_are_made_as_compose_reads_them(tmp_path: Path) -> None:
    (block,) = (block for block in blocks("sh") if block.startswith("mkdir -p -m 700 secrets"))
    subprocess.run(["sh", "-eu", "-c", block], cwd=tmp_path, check=True, timeout=600)
    folder = tmp_path / "secrets"
    assert {path.name for path in folder.iterdir()} == set(document(COMPOSE)["secrets"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert texts["database_url"] == f"postgresql://logocache:{texts['database_password']}@database/logocache"
    assert all(re.fullmatch("[0-9a-f]{48}", texts[name]) for name in ("database_password", "admin_token"))
    assert texts["database_password"] != texts["admin_token"]
    assert all(path.stat().st_mode & stat.S_IROTH for path in folder.iterdir())


def test_the_account_in_the_url_is_the_database_s() -> None:
    database = document(COMPOSE)["services"]["database"]["environment"]
    assert (database["POSTGRES_USER"], database["POSTGRES_DB"]) == ("logocache", "logocache")


@pytest.mark.parametrize("block", blocks("sh"), ids=lambda block: block.split("\n")[0][:40])
def test_the_shell_can_read_each_block(block: str) -> None:
    done = subprocess.run(["sh", "-n", "-c", block], capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_override_follows_the_schema(tmp_path: Path) -> None:
    (block,) = (block for block in blocks("yaml") if "compose.override.yaml" in block)
    override = tmp_path / "compose.override.yaml"
    override.write_text(block, encoding="utf-8")
    assert (
        run_tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(override)).returncode == 0
    )


def test_the_build_arguments_are_the_dockerfile_s() -> None:
    declared = set(re.findall(r"^ARG (\w+)", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)) - {
        "SHA512"
    }
    table = PAGE.partition("| build argument |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == declared


def test_the_variables_of_compose_that_are_no_settings_are_explained() -> None:
    for path in (COMPOSE, COMPOSE_NGINX):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"\$\{(LOGOCACHE_\w+):-", text):
            assert f"`{name}`" in PAGE


def test_the_ports_that_are_asked_are_those_published() -> None:
    for path in (COMPOSE, COMPOSE_NGINX):
        for service in document(path)["services"].values():
            for port in service.get("ports", []):
                (published,) = re.findall(r":-([\d.]+:\d+)\}", port)
                assert f"http://{published}/" in PAGE


def test_the_alerts_expect_the_job_that_the_page_makes() -> None:
    (scraping,) = (block for block in blocks("yaml") if "scrape_configs" in block)
    (alerts,) = documents(ROOT / "docs" / "deploy" / "prometheus-alerts.yml")
    assert "job_name: logocache\n" in scraping
    assert any(rule["expr"] == 'up{job="logocache"} == 0' for rule in alerts["groups"][0]["rules"])


def test_the_route_that_nginx_closes_is_said() -> None:
    assert "location = /metrics" in NGINX.read_text(encoding="utf-8")
    assert "nor `/metrics`" in PAGE
