"""Sources that need something from the operator."""

from typing import Any

import pytest

from harness.factories import make_integration
from logocache.errors import ProviderError
from logocache.ports import Answer, FetchRequest
from logocache.providers.configured import clearbit, logodev, template, without_static_query
from logocache.providers.registry import Builder
from logocache.settings import Settings


def ask(request: FetchRequest) -> Answer:
    raise AssertionError(f"nothing may be asked: {request.url}")


def request_of(build: Builder, **settings: Any) -> FetchRequest:
    """`Any`: each setting has its own type, checked by Settings."""
    provider = build(Settings(**settings))
    (candidate,) = provider.candidates(make_integration("acme", domain="example.com"), ask)
    request = provider.request(candidate)
    assert (request.shown_url or request.url) == candidate.url
    return request


def test_clearbits_shape_with_the_operators_host() -> None:
    request = request_of(clearbit, clearbit_url="http://logos.internal:8000/api/", max_image_kb=7)
    assert request.url == "http://logos.internal:8000/api/example.com?size=512&format=png"
    assert request.shown_url == "http://logos.internal:8000/***/example.com?size=512&format=png"
    assert request.secrets == ("api",)
    assert request.trusted_origin == "http://logos.internal:8000"
    assert request.max_bytes == 7000


def test_braces_in_the_clearbit_url_are_no_placeholders() -> None:
    request = request_of(clearbit, clearbit_url="https://logos.test/{domain}")
    assert request.url == "https://logos.test/%7Bdomain%7D/example.com?size=512&format=png"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(None, id="not set"),
        pytest.param("https://logo.clearbit.com", id="its host"),
        pytest.param("https://LOGO.clearbit.com./", id="its host, written otherwise"),
        pytest.param("https://clearbit.com", id="its domain"),
    ],
)
def test_clearbits_own_service_has_ended(url: str | None) -> None:
    with pytest.raises(ProviderError, match=r"ended on 2025-12-08: set LOGO_CACHE_CLEARBIT_URL") as caught:
        clearbit(Settings(clearbit_url=url))
    assert "\n" not in str(caught.value)


def test_logodev_hides_its_token_and_wants_no_monogram() -> None:
    request = request_of(logodev, logodev_token="pk_secret", logodev_storing_confirmed=True)
    assert request.url == "https://img.logo.dev/example.com?size=512&format=png&retina=false&fallback=404"
    assert request.secret_query == (("token", "pk_secret"),)


def test_logodevs_refusals_mean_a_wrong_token() -> None:
    provider = logodev(Settings(logodev_token="pk_secret", logodev_storing_confirmed=True))
    assert provider.terms.misconfigured_statuses == {401, 403}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({}, "LOGO_CACHE_LOGODEV_TOKEN", id="no token"),
        pytest.param({"logodev_storing_confirmed": True}, "LOGO_CACHE_LOGODEV_TOKEN", id="only the word"),
        pytest.param({"logodev_token": "pk"}, "LOGO_CACHE_LOGODEV_STORING_CONFIRMED", id="only the token"),
    ],
)
def test_logodev_needs_a_token_and_a_word(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ProviderError, match=expected):
        logodev(Settings(**settings))


@pytest.mark.parametrize(
    ("url", "asked", "secrets", "trusted"),
    [
        pytest.param(
            "https://l.test/{domain}/{size}",
            "https://l.test/example.com/512",
            (),
            "https://l.test",
            id="path",
        ),
        pytest.param("https://l.test/{key}.png", "https://l.test/acme.png", (), "https://l.test", id="key"),
        pytest.param(
            "http://10.0.0.1:81/?d={domain}&key=a%20b&s={size}&flag",
            "http://10.0.0.1:81/?d=example.com&s=512",
            (("key", "a b"), ("flag", "")),
            "http://10.0.0.1:81",
            id="keys in the query",
        ),
        pytest.param("https://{key}.l.test/", "https://acme.l.test/", (), None, id="placeholder in the host"),
        pytest.param(
            "https://l.test/?u=https://{domain}#x",
            "https://l.test/?u=https%3A%2F%2Fexample.com",
            (),
            "https://l.test",
            id="fragment dropped",
        ),
    ],
)
def test_the_operators_own_url(
    url: str, asked: str, secrets: tuple[tuple[str, str], ...], trusted: str | None
) -> None:
    request = request_of(template, template_url=url)
    assert (request.url, request.secret_query, request.trusted_origin) == (asked, secrets, trusted)


def test_the_size_is_only_expected_when_it_was_asked_for() -> None:
    provider = template(Settings(template_url="https://l.test/{key}"))
    (candidate,) = provider.candidates(make_integration(), ask)
    assert candidate.expected_size is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(None, "set LOGO_CACHE_TEMPLATE_URL", id="not set"),
        pytest.param("https://l.test/{domain}/{{x}}", "odd braces", id="doubled braces"),
        pytest.param("https://l.test/{domain}{key!r}", "odd braces", id="a conversion"),
        pytest.param("https://l.test/{size.real}{domain}", "odd braces", id="an attribute"),
        pytest.param("https://cdn.brandfetch.io/{domain}?c=x", "never be stored", id="Brandfetch"),
        pytest.param("https://logos.brand.dev/?domain={domain}", "does not allow", id="brand.dev"),
        pytest.param("https://img.LOGOKIT.com./{domain}", "LogoKit's terms", id="LogoKit"),
        pytest.param("https://{key}.logokit.com/{domain}", "LogoKit's terms", id="LogoKit, host filled in"),
        pytest.param("https://img.logo.dev/{domain}?token=x", "use the provider logodev", id="logo.dev"),
        pytest.param("https://logo.clearbit.com/{domain}", "ended on 2025-12-08", id="Clearbit"),
    ],
)
def test_urls_that_are_refused_and_never_shown(url: str | None, expected: str) -> None:
    with pytest.raises(ProviderError, match=expected) as caught:
        template(Settings(template_url=url))
    assert "token=x" not in str(caught.value)


@pytest.mark.parametrize("host", ["mybrandfetch.io", "brandfetch.io.test", "brand.development.test"])
def test_hosts_are_matched_by_whole_labels(host: str) -> None:
    assert (
        request_of(template, template_url=f"https://{host}/{{domain}}").url == f"https://{host}/example.com"
    )


def test_parameters_with_and_without_a_placeholder_are_told_apart() -> None:
    shown, secret = without_static_query("https://l.test/?a=1&{key}=2&b={size}x&a=3")
    assert shown == "https://l.test/?{key}=2&b={size}x"
    assert secret == (("a", "1"), ("a", "3"))
