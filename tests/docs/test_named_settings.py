"""No page names a setting that does not exist."""

import re
from pathlib import Path

import pytest

from harness.pages import ROOT, all_pages
from logocache.settings import Settings
from logocache.settings.sources import fields_of, secret_names, variable_of

pytestmark = pytest.mark.docs

VARIABLE = re.compile(r"\bLOGO_[A-Z_]*[A-Z]\b")
NO_SETTINGS = frozenset({"LOGO_CACHE_PORT", "LOGO_CACHE_SERVICE_HOST"})
"""Kubernetes' service links, which a decision speaks of."""


def known() -> set[str]:
    fields = fields_of(Settings)
    settings = {variable_of(name) for name in fields}
    return settings | {f"{variable_of(name)}_FILE" for name in secret_names(fields)}


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_that_a_page_names_exists(page: Path) -> None:
    named = set(VARIABLE.findall(page.read_text(encoding="utf-8")))
    assert named - known() - NO_SETTINGS == set()
