"""Decoder processes, shared by the tests of a module, and small programs that play broken ones."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.decoders import new_pool
from logocache.images.pool import DecoderPool


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    pool = DecoderPool(workers=2, max_pixels=4_000_000, decode_timeout=20, memory_bytes=1_000_000_000)
    yield pool
    pool.close()


@pytest.fixture
def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes every decoder started from now on run a Python program of the test's."""

    def install(program: str) -> None:
        script = tmp_path / "impostor"
        script.write_text(f"#!{sys.executable}\n{program}\n")
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))

    return install


@pytest.fixture
def own() -> Iterator[DecoderPool]:
    """A pool of one decoder for one test."""
    pool = new_pool()
    yield pool
    pool.close()
