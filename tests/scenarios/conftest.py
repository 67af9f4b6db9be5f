from pathlib import Path

import pytest

from harness.bench import SHOPIFY, SLACK, STRIPE, Bench
from harness.fakes import reply


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Three entries, of which one has no logo."""
    return Bench(tmp_path, replies={SHOPIFY: reply(body=b"shopify"), SLACK: reply(body=b"slack")})


@pytest.fixture
def good(bench: Bench) -> Bench:
    """All three entries have a logo."""
    bench.fetcher.replies[STRIPE] = reply(body=b"stripe")
    return bench
