"""docs/concepts.md and the troubleshooting know every status and every outcome."""

import pytest

from harness.pages import rows_of, section_of
from logocache.model import OutcomeKind, Status

pytestmark = pytest.mark.docs


def test_every_status_is_explained() -> None:
    rows = rows_of(section_of("concepts.md", "## Status"))[1:]
    assert [row[0] for row in rows] == [f"`{Statu}`" for Statu in Status]


def test_every_outcome_is_explained() -> None:
    rows = rows_of(section_of("concepts.md", "## Outcomes"))[1:]
    assert {row[0] for row in rows} == {f"`{item}`" for item in OutcomeKind}


def test_there_is_help_for_every_outcome_without_a_logo() -> None:
    rows = rows_of(section_of("operations.md", "### A logo is missing"))[1:]
    helped = {name for row in rows for name in row[0].split(", ")}
    successes = {OutcomeKind.FOUND, OutcomeKind.UNCHANGED}
    assert helped == {f"`{success}`" for success in set(OutcomeKind) - successes}
