"""docs/providers.md says of every provider what the program does."""

from pathlib import Path

import pytest

from logocache.model import StoringClass
from logocache.ports import ProviderTerms
from logocache.providers.configured import BY_NAME
from logocache.providers.registry import REGISTRY
from logocache.settings import Settings

pytestmark = pytest.mark.docs

PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")
TABLE = [
    line.split(" | ")
    for line in PAGE.partition("\n\n`LOGO_CACHE_STORING")[0].splitlines()
    if line[:3] == "| `"
]

STORING = {
    StoringClass.OWN_FILES: "the company's own public files",
    StoringClass.OPEN_LICENCE: "an open licence",
    StoringClass.UNSTATED: "its terms do not say",
    StoringClass.CONDITIONAL: "on conditions",
}
SETTINGS = Settings(
    clearbit_url="https://logos.test",
    template_url="https://logos.test/{domain}",
    logodev_token="pk",
    logodev_storing_confirmed=True,
)


def rate(terms: ProviderTerms) -> str:
    if not terms.uses_network:
        return "no network"
    return "no limit of its own" if terms.rate_per_second is None else f"{terms.rate_per_second:g}"


def test_the_table_has_every_provider_in_the_registrys_order() -> None:
    assert [row[0] for row in TABLE] == [f"| `{name}`" for name in REGISTRY]


@pytest.mark.parametrize("name", REGISTRY)
def test_a_row_says_what_the_provider_declares(name: str) -> None:
    terms = REGISTRY[name](SETTINGS).terms
    (row,) = (row for row in TABLE if row[0] == f"| `{name}`")
    assert row[1:4] == [terms.title, STORING[terms.storing], rate(terms)]


@pytest.mark.parametrize("name", REGISTRY)
def test_every_provider_has_a_section(name: str) -> None:
    headings = [line for line in PAGE.splitlines() if line.startswith("## ")]
    assert any(f"`{name}`" in heading for heading in headings)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_forbidden_service_is_listed_with_its_terms(name: str) -> None:
    rows = [line for line in PAGE.partition("## Not possible")[2].splitlines() if line.startswith("| `")]
    (row,) = (row for row in rows if f"`{name}`" in row.split(" | ")[0])
    assert "store" in row
