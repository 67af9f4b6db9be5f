from pathlib import Path

import pytest

from harness.stores import make_store
from logocache.store.files import FileStore
from logocache.store.variants import FileVariants


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "logos"


@pytest.fixture
def store(directory: Path) -> FileStore:
    store = make_store(directory)
    store.prepare()
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "variants"


@pytest.fixture
def copies(folder: Path) -> FileVariants:
    return FileVariants(folder, max_count=100)
