"""The operator's own image of an entry. It precedes every source and is not part of the chain."""

import logging
import os
from collections.abc import Sequence
from urllib.parse import quote

from logocache.model import IconPurpose, Integration, StoringClass
from logocache.ports import Ask, Candidate, FetchRequest, ProviderTerms
from logocache.settings.sources import read_input

TERMS = ProviderTerms(
    id="file",
    title="The operator's own file",
    storing=StoringClass.OWN_FILES,
    licence=None,
    terms_url=None,
    uses_network=False,
)

_log = logging.getLogger(__name__)


class OwnFileProvider:
    """Reads `Integration.file`. Implements `ports.Provider`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    @property
    def terms(self) -> ProviderTerms:
        return TERMS

    def candidates(
        self,
        integration: Integration,
        ask: Ask,  # noqa: ARG002  # no requests
    ) -> Sequence[Candidate]:
        """The file's bytes; logs a warning and returns nothing if it is missing, too large or not a file."""
        if integration.file is None:
            return ()
        try:
            body = read_input(integration.file, most=self._max_bytes)
        except OSError as error:
            reason = error.strerror or str(error)
            _log.warning("own_file.unusable", extra={"file": str(integration.file), "reason": reason})
            return ()
        # Only the name: the operator's paths are private.
        url = f"file:{quote(os.fsencode(integration.file.name))}"
        return (Candidate(provider=TERMS.id, url=url, body=body, purpose=IconPurpose.LOGO),)

    def request(self, candidate: Candidate) -> FetchRequest:  # noqa: ARG002  # nothing is fetched
        raise AssertionError("unreachable: every candidate has its body")
