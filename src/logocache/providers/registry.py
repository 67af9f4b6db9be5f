"""All providers that LOGO_CACHE_PROVIDERS may list, and the chain built from them."""

import dataclasses
import difflib
from collections.abc import Callable, Collection, Mapping, Sequence

from logocache.errors import ProviderError
from logocache.model import Integration, StoringClass
from logocache.ports import Ask, Candidate, FetchRequest, Provider, ProviderTerms
from logocache.providers import configured, iconsets, site
from logocache.providers.configured import BY_NAME
from logocache.providers.templates import DUCKDUCKGO, GOOGLE, TWENTY, YANDEX, public
from logocache.settings import Settings

Builder = Callable[[Settings], Provider]
"""Builds a provider. Raises ProviderError if the settings do not allow it."""

REGISTRY: Mapping[str, Builder] = {
    "site": site.build,
    "duckduckgo": public(DUCKDUCKGO),
    "google": public(GOOGLE),
    "yandex": public(YANDEX),
    "twenty": public(TWENTY),
    "clearbit": configured.clearbit,
    "logodev": configured.logodev,
    "template": configured.template,
    "iconsets": iconsets.build,
}

ALWAYS_THERE: Mapping[str, str] = {
    "monogram": "it always ends the chain; leave it out",
    "file": "it is used wherever the catalogue names an own image; leave it out",
}

STRICTLY_STORABLE = frozenset({StoringClass.OWN_FILES, StoringClass.OPEN_LICENCE})


def build_chain(settings: Settings, registry: Mapping[str, Builder] = REGISTRY) -> tuple[Provider, ...]:
    """The providers of the settings, in their order.

    Raises:
        ProviderError: a name is unknown or listed twice, a service forbids storing, has ended or lacks a
            setting, or a rate is given for an unknown provider.
    """
    for name in settings.providers:
        check_name(name, registry)
    check_unique(settings.providers)
    check_rates(settings.provider_rates, registry)
    chain = [registry[name](settings) for name in settings.providers]
    if settings.storing == "strict":
        check_strict([provider.terms for provider in chain])
    return tuple(with_rate(provider, settings.provider_rates) for provider in chain)


def check_name(name: str, known: Collection[str]) -> None:
    if name in known:
        return
    if name.lower() in BY_NAME:
        raise BY_NAME[name.lower()].error(f"the provider {name}")
    if name in ALWAYS_THERE:
        raise ProviderError(f"{name} is not a provider to choose", hint=ALWAYS_THERE[name])
    raise unknown(f"there is no provider {name!r}", name, known)


def unknown(problem: str, name: str, known: Collection[str]) -> ProviderError:
    near = difflib.get_close_matches(name.lower(), known, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    return ProviderError(problem, hint=f"{guess}There are {', '.join(known)}")


def check_unique(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ProviderError(f"the provider {name} is listed twice", hint="list it once")


def check_rates(rates: Mapping[str, float], known: Collection[str]) -> None:
    for name in rates:
        if name not in known:
            raise unknown(f"LOGO_CACHE_PROVIDER_RATES names {name!r}, which is not a provider", name, known)


def check_strict(terms: Sequence[ProviderTerms]) -> None:
    refused = [term.id for term in terms if term.storing not in STRICTLY_STORABLE]
    allowed = [term.id for term in terms if term.id not in refused]
    if refused:
        raise ProviderError(
            f"LOGO_CACHE_STORING = strict does not admit {', '.join(refused)}",
            hint=f"set LOGO_CACHE_PROVIDERS={','.join(allowed) or 'site,iconsets'}",
        )


def with_rate(provider: Provider, rates: Mapping[str, float]) -> Provider:
    """The provider, limited to the operator's rate if there is one."""
    rate = rates.get(provider.terms.id)
    return provider if rate is None else Rated(provider, rate)


class Rated:
    """A provider with the operator's rate in place of its own."""

    def __init__(self, provider: Provider, rate: float) -> None:
        self._provider = provider
        self._terms = dataclasses.replace(provider.terms, rate_per_second=rate)

    @property
    def terms(self) -> ProviderTerms:
        return self._terms

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        return self._provider.candidates(integration, ask)

    def request(self, candidate: Candidate) -> FetchRequest:
        return self._provider.request(candidate)
