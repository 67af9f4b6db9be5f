"""Making entries known, and room for those made on demand."""

from collections.abc import Sequence

from logocache.model import Integration
from logocache.operations.disposal import dispose
from logocache.operations.parts import Parts
from logocache.repository.registration import Registration


def make_known(parts: Parts, integrations: Sequence[Integration]) -> Registration:
    """See `Repository.register`. Files of entries that gave way are deleted."""
    registration = parts.repository.register(integrations, now=parts.clock())
    dispose(parts, registration.forgotten_files)
    return registration


def forget_surplus(parts: Parts) -> None:
    """Forget entries made on demand that are too many, since the limit is lower than it was."""
    dispose(parts, parts.repository.forget_on_demand(now=parts.clock()))
