from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.internet import Loopback
from harness.real_server import TOKEN
from harness.sites import SCENES
from logocache import Settings


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Loopback]:
    with Loopback(tmp_path) as loopback:
        yield loopback


@pytest.fixture
def settings(
    tmp_path: Path, database_url: str, internet: Loopback, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Sites of all kinds in an own catalogue; the environment leads to them."""
    for name, value in internet.environment.items():
        monkeypatch.setenv(name, value)
    catalog = tmp_path / "sites.csv"
    lines = ["key,name,domain", *(f"{name},{name.title()},{name}.test" for name in SCENES)]
    catalog.write_text("\n".join(lines))
    return Settings(
        dir=tmp_path / "logos",
        database_url=database_url,
        catalog=catalog,
        providers=["site"],
        request_timeout_seconds=1,
        retries=1,
        logo_timeout_seconds=20,
    )


@pytest.fixture
def environment(tmp_path: Path, database_url: str) -> dict[str, str]:
    """A cache of its own, without network."""
    return {
        "LOGO_CACHE_DIR": str(tmp_path / "logos"),
        "LOGO_CACHE_DATABASE_URL": database_url,
        "LOGO_CACHE_OFFLINE": "true",
        "LOGO_CACHE_ADMIN_TOKEN": TOKEN,
        "PYTHONWARNINGS": "error",
    }


@pytest.fixture
def online(tmp_path: Path, internet: Loopback) -> dict[str, str]:
    """A cache that asks the sites on loopback, and only by itself when it is told to."""
    return {
        "LOGO_CACHE_DIR": str(tmp_path / "logos"),
        "LOGO_CACHE_PROVIDERS": "site,iconsets",
        "LOGO_CACHE_ON_DEMAND": "any",
        "LOGO_CACHE_RETRIES": "0",
        "PYTHONWARNINGS": "error",
        **internet.environment,
    }
