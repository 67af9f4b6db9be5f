"""The files that deploy the program, as the tests of this folder read them."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"

COMPOSE = ROOT / "compose.yaml"
COMPOSE_NGINX = ROOT / "compose.nginx.yaml"
COMPOSE_EMBEDDING = DEPLOY / "embedding" / "compose.yaml"
DOCKERFILE = ROOT / "Dockerfile"
ENTRYPOINT = ROOT / "docker" / "entrypoint.sh"
HEALTHCHECK = ROOT / "docker" / "healthcheck.py"
NGINX = ROOT / "docker" / "nginx.conf"
KUBERNETES = DEPLOY / "kubernetes.yaml"
ALERTS = DEPLOY / "prometheus-alerts.yml"
DASHBOARD = DEPLOY / "grafana-dashboard.json"
WORKFLOWS = (ROOT / ".github" / "workflows" / "ci.yml", DEPLOY / "github-actions-verify.yml")

Document = dict[str, Any]  # whatever a YAML file holds: the tests look into it key by key


def files() -> Sequence[Path]:
    """Every file of a deployment, and the pages about them."""
    return (
        DOCKERFILE,
        COMPOSE,
        COMPOSE_NGINX,
        ROOT / ".pre-commit-hooks.yaml",
        WORKFLOWS[0],
        *sorted(path for path in (ROOT / "docker").rglob("*") if path.suffix in {".sh", ".py", ".conf"}),
        *sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".pyc"),
        ROOT / "docs" / "deployment.md",
        ROOT / "docs" / "embedding.md",
    )


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def document(path: Path) -> Document:
    """The only document of a YAML file."""
    loaded: Document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def documents(path: Path) -> list[Document]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def defaults(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The environment that compose gives to a service by default: `${NAME:-default}` and plain texts."""
    for variable, value in environment.items():
        found = re.fullmatch(r"\$\{(\w+):-(.*)\}", value)
        yield variable, found[2] if found else value


def run_tool(*command: str) -> subprocess.CompletedProcess[str]:
    """A linter from the test dependencies, run in the root folder."""
    assert shutil.which(command[0]), f"{command[0]} is missing: install the dependency group `test`"
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


def instructions(path: Path = DOCKERFILE) -> list[tuple[str, str]]:
    """Each instruction with its arguments on one line; comments left out."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def stages() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {"": []}
    for name, rest in instructions():
        if name == "FROM":
            found[rest.partition(" AS ")[2] or "final"] = []
        found[list(found)[-1]].append((name, rest))
    return found
