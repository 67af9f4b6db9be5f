"""No secret is shown, however it is spelt and wherever it stands."""

from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import make_integration
from logocache.errors import LogoCacheError
from logocache.fetcher.addresses import with_secrets
from logocache.ports import Answer, Candidate, FetchRequest
from logocache.providers.configured import template
from logocache.repository.engine import parse_address
from logocache.settings import Settings
from logocache.settings.masking import SHORTEST_PIECE, Mask, shown_address, shown_database, shown_template

SECRET = "pk_a/b+c d=ü"


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(SECRET, id="as it is"),
        pytest.param(quote(SECRET, safe=""), id="percent-encoded"),
        pytest.param(quote(SECRET), id="slash left alone"),
        pytest.param(quote_plus(SECRET), id="as a form sends it"),
        pytest.param(quote(SECRET, safe="").lower(), id="in lower case"),
        pytest.param(quote(quote(SECRET, safe=""), safe=""), id="encoded twice"),
        pytest.param(str(httpx.URL(f"https://example.com/{SECRET}")).partition(".com/")[2], id="by httpx"),
    ],
)
def test_a_secret_is_masked_in_every_spelling(spelling: str) -> None:
    assert Mask([SECRET])(f"https://example.com/x?a=1&token={spelling}&b=2") == (
        "https://example.com/x?a=1&token=***&b=2"
    )


def test_of_two_secrets_one_inside_the_other_both_are_masked() -> None:
    assert Mask(["abc", "abcdef"])("x=abcdef&y=abc") == "x=***&y=***"


@pytest.mark.parametrize("secrets", [[], [""]], ids=["none", "empty"])
def test_without_secrets_a_text_stays_as_it_is(secrets: list[str]) -> None:
    assert Mask(secrets)("https://example.com/?q=1") == "https://example.com/?q=1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:password@example.com/a@b", "https://***@example.com/a@b"),
        ("could not ask http://me@example.com/x now", "could not ask http://***@example.com/x now"),
        ("https://a@b:c@example.com", "https://***@example.com"),
        ("https://example.com/@user", "https://example.com/@user"),
    ],
    ids=["both", "in a sentence", "two signs", "in the path only"],
)
def test_user_information_is_masked(text: str, shown: str) -> None:
    assert Mask()(text) == shown


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://example.com/x", "https://example.com/x?token=a%26b%20c"),
        ("https://example.com/x?s=1", "https://example.com/x?s=1&token=a%26b%20c"),
        ("https://example.com/x?q=%C3%BC", "https://example.com/x?q=%C3%BC&token=a%26b%20c"),
    ],
    ids=["no query", "a query", "an encoded query"],
)
def test_secrets_are_added_to_what_is_sent(url: str, sent: str) -> None:
    assert str(with_secrets(httpx.URL(url), [("token", "a&b c")])) == sent


def test_without_secrets_the_url_is_sent_as_it_is() -> None:
    assert str(with_secrets(httpx.URL("https://example.com/x?a"), ())) == "https://example.com/x?a"


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable() and "*" not in text))
def test_no_sent_url_shows_its_secret_once_masked(secret: str) -> None:
    sent = str(with_secrets(httpx.URL("https://0.0/"), [("", secret)]))
    shown = Mask([secret])(sent)
    assert shown.endswith("***")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////srv/logos.db", "sqlite:////srv/logos.db"),
        ("sqlite:////srv/logos.db?key=x", "sqlite://***"),
        ("postgresql://db/logos", "postgresql://db/logos"),
        ("postgresql://user@db/logos", "postgresql://user@db/logos"),
        ("postgresql:///logos?host=/run", "postgresql:///logos?***"),
        ("postgresql://u:p%40ss@db:5432/logos", "postgresql://u:***@db:5432/logos"),
        ("postgresql://u:pa/ss@db:5432/logos", "postgresql://u:***@db:5432/logos"),
        ("postgresql://u:pa?ss@db/logos", "postgresql://u:***@db/logos"),
        ("postgresql://u:pa#ss@db/logos", "postgresql://u:***@db/logos"),
        ("postgresql://u:x@one:1,two/logos", "postgresql://***"),
        ("postgresql://u:x@one,two/logos", "postgresql://u:***@one,two/logos"),
        ("postgresql://u:x@[::1]:5432/logos", "postgresql://u:***@[::1]:5432/logos"),
        ("postgresql://u:p@ss@db/logos", "postgresql://***"),
        ("postgresql://u:a@b:5/c?d@db/logos", "postgresql://***"),
        ("postgresql://db:5432/logos?password=p@ss", "postgresql://***"),
        ("postgresql:///host=db password=x", "postgresql://***"),
        ("postgresql://u:x@db:port/logos", "postgresql://***"),
        ("what is this", "***"),
    ],
)
def test_of_a_database_the_password_and_the_parameters_are_masked(url: str, shown: str) -> None:
    assert shown_database(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://proxy.test:3128", "http://proxy.test:3128"),
        ("http://user:password@proxy.test:3128", "http://user:***@proxy.test:3128"),
        ("http://token@proxy.test/", "http://***@proxy.test/"),
        ("http://token:@[::1]:1", "http://***@[::1]:1"),
        ("http://logos.test/key/?a#b", "http://logos.test/***?***"),
        ("http://user:pa/ss@proxy.test:3128", "http://***"),
        ("http://user:12/ss@proxy.test:3128", "http://***"),
        ("http://user:pa?ss@proxy.test:3128", "http://***"),
        ("http://[::1", "http://***"),
        ("proxy.test", "***"),
    ],
)
def test_of_a_server_its_place_is_shown(url: str, shown: str) -> None:
    assert shown_address(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://l.test/{domain}/{size}.png", "https://l.test/{domain}/{size}.png"),
        ("https://l.test/v1/key/{domain}", "https://l.test/***/***/{domain}"),
        ("https://l.test/{domain}-key.png", "https://l.test/{domain}***.png"),
        ("https://{key}.l.test:81/@key/{domain}#key", "https://{key}.l.test:81/***/{domain}"),
        ("https://l.test/?d={domain}&key=x", "https://l.test/?***"),
        ("https://user:key@l.test/{domain}", "https://***"),
        ("https://[::1/{domain}", "https://***"),
    ],
)
def test_of_a_template_its_server_and_its_placeholders_are_shown(url: str, shown: str) -> None:
    assert shown_template(url) == shown


SECRET_LETTERS = "79"
"""In no other part of the addresses below, so that any of them that is seen is a piece of the secret."""
SECRETS = st.text(alphabet=f"{SECRET_LETTERS}/?#@:=%&+ .0", min_size=1, max_size=40)
Spelling = Callable[[str], str]
SPELLINGS: st.SearchStrategy[Spelling] = st.sampled_from(
    [str, quote, quote_plus, lambda text: quote(quote(text, safe=""), safe="")]
)
DATABASES = st.sampled_from(
    [
        "postgresql://user:{}@db:5432/logos",
        "postgresql://user:{}@db/logos?sslmode=require",
        "postgresql://db:5432/logos?password={}",
        "postgresql://user:x@db/logos?sslpassword={}&sslmode=require",
        "postgresql://user@db/host=x password={}",
        "postgresql://:{}@one,two/logos",
        "postgresql+psycopg://user:{}@/logos?host=/run",
        "mysql://user:{}@db/logos",
        "sqlite://user:{}@db/logos",
    ]
)
PROXIES = st.sampled_from(
    ["http://user:{}@proxy:3128", "https://user:{}@proxy.test/", "http://user:{}@[::1]:1"]
)
TEMPLATES = st.sampled_from(
    [
        "https://l.test/{}/{{domain}}",
        "https://l.test/{{domain}}.png?k={}",
        "https://l.test/{{key}}?d={{domain}}{}",
        "https://l.test/?{}{{domain}}",
        "https://l.test/?{}={{domain}}",
        "https://l.test/?{{key}}{}&d={{domain}}",
    ]
)


def shows_none(shown: str) -> bool:
    return not set(SECRET_LETTERS) & set(shown)


@given(DATABASES, SECRETS, SPELLINGS)
def test_no_password_of_a_database_is_ever_shown(form: str, secret: str, spell: Spelling) -> None:
    url = form.format(spell(secret))
    assert shows_none(shown_database(url))
    assert shows_none(told(lambda: parse_address(url)))


@given(PROXIES, SECRETS, SPELLINGS)
def test_no_password_of_a_proxy_is_ever_shown(form: str, secret: str, spell: Spelling) -> None:
    url = form.format(spell(secret))
    assert shows_none(shown_address(url))
    assert shows_none(told(lambda: Settings(http_proxy=url).shown()["http_proxy"]))


@given(TEMPLATES, SECRETS, SPELLINGS)
def test_no_key_of_a_template_is_ever_shown(form: str, secret: str, spell: Spelling) -> None:
    url = form.format(spell(secret))
    assert shows_none(shown_template(url))
    assert shows_none(told(lambda: candidate_of(url)))


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("https://l.test/{}/{{domain}}", "https://l.test/***/example.com"),
        ("https://l.test/?d={{domain}}&{}", "https://l.test/?***=example.com"),
        ("https://l.test/?d={{domain}}&{}=", "https://l.test/?***=example.com"),
        ("https://l.test/?d={{domain}}&token={}", "https://l.test/?***=example.com"),
        ("https://l.test/?d={{domain}}{}", "https://l.test/?***=example.com***"),
        ("https://l.test/?{}{{domain}}", "https://l.test/?***example.com="),
        ("https://l.test/?logos/{}/{{domain}}", "https://l.test/?***%2F***%2Fexample.com="),
        ("https://l.test/?{{key}}{}={{domain}}", "https://l.test/?acme***=example.com"),
    ],
)
def test_a_key_of_a_template_is_neither_shown_nor_left_in_what_servers_say(form: str, shown: str) -> None:
    key = "pk.79-secret"
    request = request_of(form.format(key))
    assert request.shown_url == shown
    assert Mask(request.secrets)(f"no such key: {key}") == "no such key: ***"


def candidate_of(url: str) -> Candidate:
    provider = template(Settings(template_url=url))
    (candidate,) = provider.candidates(make_integration("acme", domain="example.com"), not_asked)
    assert provider.request(candidate).shown_url in {None, candidate.url}
    return candidate


def request_of(url: str) -> FetchRequest:
    return template(Settings(template_url=url)).request(candidate_of(url))


def told(ask: Callable[[], object]) -> str:
    """The visible text of the answer, or of the error and of those that its traceback shows."""
    try:
        answer = ask()
    except LogoCacheError as error:
        return "".join(map(str, shown_with(error)))
    return f"{answer} {answer!r}"


def shown_with(error: BaseException | None) -> Iterator[BaseException]:
    """The errors that its traceback shows."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def not_asked(request: FetchRequest) -> Answer:
    raise AssertionError(f"nothing may be asked: {request.url}")


@given(st.text(min_size=8, max_size=40, alphabet=f"{SECRET_LETTERS}/?#@:=%&+é"), st.data())
def test_not_even_a_piece_of_a_secret_is_left_in_a_sentence(secret: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(secret) - SHORTEST_PIECE))
    piece = data.draw(SPELLINGS)(secret[start : start + data.draw(st.integers(SHORTEST_PIECE, 40))])
    shown = Mask([secret])(f"cannot say: <{piece}>")
    assert shown == "cannot say: <***>"
