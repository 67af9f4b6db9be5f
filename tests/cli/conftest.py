import logging
from collections.abc import Iterator

import pytest

from logocache.cli.logs import SERVERS


@pytest.fixture(autouse=True)
def untouched_loggers() -> Iterator[None]:
    """Each run configures the loggers; the tests that come after get them as they were."""
    loggers = [logging.getLogger(name) for name in ("logocache", *SERVERS)]
    earlier = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, state in zip(loggers, earlier, strict=True):
        logger.handlers, logger.propagate, logger.level = state
