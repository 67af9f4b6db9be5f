"""The Dockerfile: what a linter says, and what is decided in it. CI builds and tries it (docker/try.sh)."""

import json
import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from harness.deployment import (
    COMPOSE,
    DEPLOY,
    DOCKERFILE,
    ROOT,
    document,
    instructions,
    name_of,
    run_tool,
    stages,
)
from logocache.settings import Settings

UID = 10001


def of(stage: str, name: str) -> list[str]:
    return [rest for each, rest in stages()[stage] if each == name]


@pytest.mark.parametrize("path", [DOCKERFILE, DEPLOY / "embedding" / "Dockerfile"], ids=name_of)
def test_hadolint_finds_nothing(path: Path) -> None:
    # DL3022 takes a build context for a stage that is missing; DL3066 wants numbers where there is a name.
    done = run_tool("hadolint", "--ignore", "DL3022", "--ignore", "DL3066", str(path))
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_a_fixed_user_who_is_not_root() -> None:
    assert of("runtime", "USER") == [f"{UID}:{UID}"]
    assert not any(of(stage, "USER") for stage in stages() if stage != "runtime")


def test_the_volume_is_the_cache_directory_and_belongs_to_that_user() -> None:
    (volume,) = of("runtime", "VOLUME")
    assert f"LOGO_CACHE_DIR={volume}" in shlex.split(of("runtime", "ENV")[0])
    assert any(
        f"install -d -o logocache -g logocache -m 0755 {volume}" in run for run in of("runtime", "RUN")
    )
    assert f"cached_logos:{volume}" in document(COMPOSE)["services"]["logocache"]["volumes"]


def test_the_directory_is_made_before_it_is_declared_a_volume() -> None:
    """What is written into a volume's directory afterwards is thrown away."""
    names = [name for name, _ in stages()["runtime"]]
    assert names.index("VOLUME") > max(index for index, name in enumerate(names) if name in {"RUN", "COPY"})


def test_byte_code_is_shipped_and_no_cache_is_left() -> None:
    install = next(run for run in of("build", "RUN") if " install" in run)
    assert "--compile" in install
    assert all("--no-cache-dir" in run for run in of("build", "RUN"))


def test_nothing_is_compiled() -> None:
    assert any("--only-binary=:all:" in run for run in of("build", "RUN"))
    assert "apt-get" not in DOCKERFILE.read_text(encoding="utf-8")


def test_there_is_a_variant_with_icons_and_one_without() -> None:
    assert of("final", "FROM") == ["runtime-${ICONS}"]
    assert {"runtime-none", "runtime-logos"} <= set(stages())
    given = dict(item.split("=", 1) for item in shlex.split(of("runtime-logos", "ENV")[0]))
    settings = Settings(**{name.removeprefix("LOGO_CACHE_").lower(): value for name, value in given.items()})
    (path,) = settings.iconify_files
    assert settings.iconify_sets == (), "what is inside is not fetched"
    (source, target) = of("runtime-logos", "COPY")[0].split()[1:]
    assert path.relative_to(target) == Path("logos/icons.json")
    assert f"-C {source}/logos " in of("iconify", "RUN")[0]


def test_the_health_check_asks_without_curl_and_tells_its_reason_before_its_time_is_up() -> None:
    (check,) = of("runtime", "HEALTHCHECK")
    options, _, command = check.partition("CMD ")
    assert json.loads(command)[-1] == "/usr/local/lib/logocache/healthcheck.py"
    assert "--timeout=5s" in options
    assert "\nSECONDS = 4\n" in (ROOT / "docker" / "healthcheck.py").read_text(encoding="utf-8")


def test_the_labels_are_those_of_the_open_container_initiative() -> None:
    (labels,) = of("runtime", "LABEL")
    given = dict(item.split("=", 1) for item in shlex.split(labels))
    assert given["org.opencontainers.image.licenses"] == "MIT"
    assert {name.rpartition(".")[0] for name in given} == {
        "org.opencontainers.image",
        "org.opencontainers.image.base",
    }


def copied() -> Iterator[str]:
    for name, rest in instructions():
        if name == "COPY" and "--from" not in rest:
            yield from (word for word in rest.split()[:-1] if not word.startswith("--"))


@pytest.mark.parametrize("source", sorted(set(copied())))
def test_what_is_copied_exists_and_is_let_through(source: str) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert (ROOT / source).exists()
    assert any(f"!{source}" == line or source.startswith(f"{line[1:]}/") for line in ignored)


@pytest.mark.parametrize("path", ["secrets/admin_token", ".git/config", "logos/shopify.png", ".env"])
def test_nothing_else_reaches_the_engine(path: str) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert not any(fnmatch(path, pattern) or path.startswith(f"{pattern}/") for pattern in allowed)
