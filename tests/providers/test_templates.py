"""The family of URL templates."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import make_integration
from logocache.model import IconPurpose, StoringClass
from logocache.ports import Answer, FetchRequest, Provider, ProviderTerms
from logocache.providers.templates import (
    DUCKDUCKGO,
    GOOGLE,
    TWENTY,
    YANDEX,
    Template,
    TemplateProvider,
    filled,
)

GOOGLE_URL = (
    "https://t1.gstatic.com/faviconV2?client=SOCIAL&type=FAVICON&fallback_opts=TYPE,SIZE,URL"
    "&url=https://example.com&size=256&drop_404_icon=true"
)
TERMS = ProviderTerms(
    id="mine",
    title="Mine",
    storing=StoringClass.UNSTATED,
    licence=None,
    terms_url=None,
    uses_network=True,
)


def ask(request: FetchRequest) -> Answer:
    raise AssertionError(f"nothing may be asked: {request.url}")


def urls(template: Template, domain: str = "example.com") -> list[str]:
    provider: Provider = TemplateProvider(template, max_bytes=1000)
    return [candidate.url for candidate in provider.candidates(make_integration("acme", domain=domain), ask)]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param(
            DUCKDUCKGO,
            [
                "https://icons.duckduckgo.com/ip3/example.com.ico",
                "https://icons.duckduckgo.com/ip3/www.example.com.ico",
            ],
            id="duckduckgo",
        ),
        pytest.param(GOOGLE, [GOOGLE_URL], id="google"),
        pytest.param(YANDEX, ["https://favicon.yandex.net/favicon/example.com"], id="yandex"),
        pytest.param(TWENTY, ["https://twenty-icons.com/example.com/192"], id="twenty"),
    ],
)
def test_what_is_asked(template: Template, expected: list[str]) -> None:
    assert urls(template) == expected


def test_the_exact_host_goes_first_also_when_it_has_www() -> None:
    assert urls(DUCKDUCKGO, "www.example.com") == urls(DUCKDUCKGO)[::-1]


def test_a_host_without_another_usual_name_is_asked_once() -> None:
    assert len(urls(DUCKDUCKGO, "www.gov.uk")) == 1


def test_a_candidate_says_what_it_is_and_how_large_it_should_be() -> None:
    provider = TemplateProvider(GOOGLE, max_bytes=1000)
    (candidate,) = provider.candidates(make_integration(), ask)
    assert (candidate.provider, candidate.purpose) == ("google", IconPurpose.LOGO)
    assert (candidate.expected_size, candidate.body) == (256, None)


def test_a_request_carries_the_secrets_that_the_candidate_does_not() -> None:
    template = Template(
        terms=TERMS,
        url="https://logos.test:8443/{key}",
        secret_query=(("token", "s3cret"),),
        trusted_origin="https://logos.test:8443",
    )
    provider = TemplateProvider(template, max_bytes=1000)
    (candidate,) = provider.candidates(make_integration("acme"), ask)
    assert "s3cret" not in repr(candidate)
    request = provider.request(candidate)
    assert request == FetchRequest(
        url="https://logos.test:8443/acme",
        provider="mine",
        max_bytes=1000,
        accept="image/*,*/*;q=0.1",
        secret_query=(("token", "s3cret"),),
        trusted_origin="https://logos.test:8443",
    )


@given(value=st.text(st.characters(exclude_categories=["Cs"])))
def test_no_value_ends_the_part_of_the_url_it_stands_in(value: str) -> None:
    values = {"domain": value, "key": value, "size": "1"}
    url = filled("https://logos.test/a/{domain}/b?q={key}&size={size}#{domain}", values)
    parts = urlsplit(url)
    assert parts.netloc == "logos.test"
    assert parts.path.count("/") == 3
    assert parse_qs(parts.query, keep_blank_values=True) == {"q": [value], "size": ["1"]}
    assert url.isascii()


def test_a_value_that_looks_like_a_placeholder_is_not_one() -> None:
    values = {"domain": "{key}", "key": "secret", "size": "1"}
    assert filled("https://logos.test/{domain}", values) == "https://logos.test/%7Bkey%7D"
