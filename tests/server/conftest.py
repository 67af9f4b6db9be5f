import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.bench import Bench
from harness.service import (
    make_bench,
)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The service reads the machine's clock for what is stale: both stand still here."""
    bench = make_bench(tmp_path)
    monkeypatch.setattr(time, "time", lambda: bench.clock().timestamp())
    return bench


@pytest.fixture
def live_bench(tmp_path: Path) -> Bench:
    """The program's own clock, because the server compares with the machine's."""
    bench = make_bench(tmp_path)
    bench.clock.now = datetime.now(UTC)
    with bench.open() as cache:
        cache.init()
    return bench
