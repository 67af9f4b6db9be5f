import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def untouched_logger() -> Iterator[None]:
    """Each run configures the logger; the tests that come after get it as it was."""
    logger = logging.getLogger("logocache")
    earlier = (logger.handlers, logger.propagate, logger.level)
    yield
    logger.handlers, logger.propagate, logger.level = earlier
