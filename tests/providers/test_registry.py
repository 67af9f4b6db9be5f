"""The chain of providers, as the settings have it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.factories import make_integration
from logocache.errors import ProviderError
from logocache.model import Integration, OutcomeKind, StoringClass
from logocache.ports import Answer, Ask, Candidate, FetchRequest, Provider, ProviderTerms
from logocache.providers.registry import REGISTRY, build_chain
from logocache.settings import Settings

EVERYTHING: dict[str, Any] = {
    "clearbit_url": "https://logos.test",
    "template_url": "https://logos.test/{domain}",
    "logodev_token": "pk",
    "logodev_storing_confirmed": True,
}


def not_found(request: FetchRequest) -> Answer:
    return Answer(kind=OutcomeKind.NOT_FOUND, url=request.url, status=404)


def chain(*names: str, **settings: Any) -> tuple[Provider, ...]:
    """`Any`: each setting has its own type, checked by Settings."""
    return build_chain(Settings(providers=names, **settings))


def test_the_chain_is_in_the_users_order() -> None:
    assert [item.terms.id for item in chain("iconsets", "site", "duckduckgo")] == [
        "iconsets",
        "site",
        "duckduckgo",
    ]


def test_the_default_chain_needs_no_key() -> None:
    assert [item.terms.id for item in build_chain(Settings())] == ["site", "duckduckgo", "iconsets"]


@pytest.mark.parametrize("name", REGISTRY)
def test_every_provider_has_the_id_it_is_registered_by(name: str) -> None:
    (provider,) = chain(name, **EVERYTHING)
    assert provider.terms.id == name
    assert provider.terms.storing is not StoringClass.FORBIDDEN


@pytest.mark.parametrize("name", REGISTRY)
def test_every_candidate_is_safe_to_show_and_can_be_requested(name: str) -> None:
    settings = EVERYTHING | {"template_url": "https://logos.test/{domain}?key=s3cret"}
    (provider,) = chain(name, **settings)
    candidates = provider.candidates(make_integration(domain="example.com"), not_found)
    assert candidates
    for candidate in candidates:
        assert candidate.provider == name
        assert "s3cret" not in candidate.url
        assert candidate.url.isascii()
        if candidate.body is None:
            request = provider.request(candidate)
            assert (request.url, request.provider) == (candidate.url, name)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["duckduckgoo"], "did you mean duckduckgo", id="a slip"),
        pytest.param(["Site"], "did you mean site", id="upper case"),
        pytest.param(["zzz"], "There are site, duckduckgo, google, ", id="far from all"),
        pytest.param(["site", "google", "site"], "site is listed twice", id="twice"),
        pytest.param(["brandfetch"], "must never be stored", id="Brandfetch"),
        pytest.param(["site", "Brandfetch-Logo"], "must never be stored", id="its longer name"),
        pytest.param(["brand.dev"], "does not allow to store", id="brand.dev"),
        pytest.param(["context.dev"], "does not allow to store", id="context.dev"),
        pytest.param(["logokit"], "LogoKit's terms", id="LogoKit"),
        pytest.param(["site", "monogram"], "always ends the chain", id="monogram"),
        pytest.param(["file"], "wherever the catalogue names an own image", id="file"),
        pytest.param(["clearbit"], "ended on 2025-12-08", id="Clearbit"),
        pytest.param(["logodev"], "LOGO_CACHE_LOGODEV_TOKEN", id="logo.dev without token"),
        pytest.param(["template"], "LOGO_CACHE_TEMPLATE_URL", id="template without URL"),
    ],
)
def test_what_cannot_be_in_the_chain_is_refused_in_one_line(names: Sequence[str], expected: str) -> None:
    with pytest.raises(ProviderError, match=expected) as caught:
        chain(*names)
    assert "\n" not in str(caught.value)


def test_a_rate_for_what_is_no_provider_is_refused() -> None:
    with pytest.raises(ProviderError, match="names 'gogle', which is not a provider: did you mean google"):
        chain("site", provider_rates={"gogle": 1})


def test_a_rate_of_the_operators_replaces_the_providers() -> None:
    plain, rated = chain("google")[0], chain("google", provider_rates={"google": 0.5, "yandex": 1})[0]
    assert rated.terms.rate_per_second == 0.5
    assert rated.terms.smallest_acceptable == plain.terms.smallest_acceptable == 16
    integration = make_integration()
    (candidate,) = rated.candidates(integration, not_found)
    assert [candidate] == list(plain.candidates(integration, not_found))
    assert rated.request(candidate) == plain.request(candidate)


def test_strict_storing_admits_own_files_and_open_licences() -> None:
    assert len(chain("site", "iconsets", storing="strict")) == 2


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(
            ["site", "duckduckgo", "google"],
            "duckduckgo, google: set LOGO_CACHE_PROVIDERS=site$",
            id="terms silent",
        ),
        pytest.param(["logodev"], "logodev: set LOGO_CACHE_PROVIDERS=site,iconsets", id="on conditions"),
    ],
)
def test_strict_storing_refuses_the_others(names: Sequence[str], expected: str) -> None:
    with pytest.raises(ProviderError, match=expected):
        chain(*names, storing="strict", **EVERYTHING)


def test_iconify_files_are_read_only_for_the_provider_that_uses_them(tmp_path: Path) -> None:
    missing = tmp_path / "icons.json"
    assert len(chain("site", iconify_files=[missing])) == 1
    with pytest.raises(ProviderError, match="cannot be read"):
        chain("iconsets", iconify_files=[missing])
    missing.write_text(json.dumps({"prefix": "own", "icons": {}}))
    assert len(chain("iconsets", iconify_files=[missing])) == 1


class Mine:
    """All that a new provider has to be."""

    terms = ProviderTerms(
        id="mine",
        title="Mine",
        storing=StoringClass.OWN_FILES,
        licence="MIT",
        terms_url=None,
        uses_network=False,
    )

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        return (Candidate(provider="mine", url=f"mine:{integration.key}", body=b"logo"),)

    def request(self, candidate: Candidate) -> FetchRequest:
        raise AssertionError("every candidate has its body")


def test_a_new_provider_is_one_class_and_one_line_of_the_registry() -> None:
    """Names, rates, strict storing and mistakes then know of it without another change."""
    registry = {**REGISTRY, "mine": lambda settings: Mine()}
    settings = Settings(providers=("mine", "site"), storing="strict", provider_rates={"mine": 3})
    provider, _ = build_chain(settings, registry)
    assert provider.terms.rate_per_second == 3
    assert provider.candidates(make_integration("acme"), not_found)[0].url == "mine:acme"
    with pytest.raises(ProviderError, match=r"did you mean mine\? There are .*, mine"):
        build_chain(Settings(providers=("mien",)), registry)
