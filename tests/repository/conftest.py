"""A repository on a migrated database."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from logocache.repository import Repository, open_repository


@pytest.fixture
def open_url() -> Iterator[Callable[..., Repository]]:
    """`open_repository`; what it opens is closed after the test."""
    opened: list[Repository] = []

    def open_it(url: str, **options: Any) -> Repository:
        """`Any`: forwards to `open_repository`, which checks them."""
        repository = open_repository(url, **options)
        opened.append(repository)
        return repository

    yield open_it
    for repository in opened:
        repository.close()


@pytest.fixture
def repository(migrated_url: str, open_url: Callable[..., Repository]) -> Repository:
    return open_url(migrated_url)
