"""docs/architecture.md names files that exist, and the layers that the import contract has."""

import re
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_file_on_the_page_exists() -> None:
    named = re.findall(r"`((?:tests/)?[\w/]+(?:\.py|/))`", PAGE)
    assert len(named) > 50
    places = (ROOT, ROOT / "src" / "logocache")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_the_layers_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "floors")
    chain = " > ".join(f"`{layer}`" for layer in layers)
    assert chain in " ".join(PAGE.split())


def test_every_module_is_on_the_page_or_in_a_folder_that_is() -> None:
    package = ROOT / "src" / "logocache"
    folders = {path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {name for name in folders if f"`{name}/`" not in PAGE and f"{name}/" not in PAGE} == set()
