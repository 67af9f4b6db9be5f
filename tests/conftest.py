"""What every test gets: no settings from outside, no network, and a database to choose."""

import os

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the machine that runs the tests must not reach them."""
    for name in list(os.environ):
        if name.startswith(("LOGO_CACHE_", "LOGO_REFRESH_")):
            monkeypatch.delenv(name)
