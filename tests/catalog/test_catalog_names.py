from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.catalog import Catalog, builtin_catalog, folded, folded_forms, load_catalog, parents
from logocache.errors import CatalogError
from logocache.model import Integration


def integration(key: str, name: str, domain: str) -> Integration:
    return Integration(key=key, name=name, domain=domain, category="test")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param("microsoft_teams", "microsoft-teams", id="underscore"),
        pytest.param("Microsoft Teams", "microsoft-teams", id="spaces and case"),
        pytest.param("MICROSOFT-TEAMS", "microsoft-teams", id="capitals"),
        pytest.param("googleDrive", "google-drive", id="camel case"),
        pytest.param("GoogleDrive", "google-drive", id="capitalised camel case"),
        pytest.param("authorize_net", "authorize-net", id="underscore for a dot"),
        pytest.param("mondayCom", "monday", id="a domain in camel case"),
        pytest.param("sentryIo", "sentry", id="another"),
        pytest.param("whatsApp", "whatsapp", id="camel case of one word"),
        pytest.param("claris_filemaker", "filemaker", id="display name"),
        pytest.param("vs code", "visual-studio-code", id="alias"),
        pytest.param("jira-cloud", "jira", id="deployment"),
        pytest.param("jiraCloud", "jira", id="deployment in camel case"),
        pytest.param("jira_data_center", "jira", id="deployment of two words"),
        pytest.param("lever-basic-sandbox", "lever", id="two deployments"),
        pytest.param("brevo-api-key", "brevo", id="credentials"),
        pytest.param("Stripe API v2", "stripe", id="version"),
        pytest.param("slackTrigger", "slack", id="part of a product"),
        pytest.param("google-cloud", "google-cloud", id="the whole is an entry"),
        pytest.param("cash-app", "cash-app", id="the whole is an entry, again"),
        pytest.param("api", None, id="nothing but a deployment"),
        pytest.param("open-api", None, id="the rest is not an entry"),
        pytest.param("cloud-jira", None, id="a deployment first"),
        pytest.param("Monday.com API", "monday", id="a domain and a deployment"),
        pytest.param("slack.js", "slack-js", id="a dot that is no domain"),
        pytest.param("--", None, id="no letters"),
        pytest.param(" .", None, id="a dot"),
        pytest.param("_" * 100_000, None, id="very long"),
    ],
)
def test_names_are_found_as_people_and_code_write_them(name: str, key: str | None) -> None:
    catalog = Catalog((*builtin_catalog(), integration("slack-js", "Slack JS", "slack-js.test")))
    found = catalog.find(name)
    assert (found.key if found else None) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param("api.stripe.com", "stripe", id="sub-domain"),
        pytest.param("https://dashboard.stripe.com/test", "stripe", id="address"),
        pytest.param("a.b.c.stripe.com", "stripe", id="deep sub-domain"),
        pytest.param("x.drive.google.com", "google-drive", id="the nearest domain"),
        pytest.param("amazon.de", "amazon", id="national domain"),
        pytest.param("www.amazon.co.uk", "amazon", id="national domain with www"),
        pytest.param("smile.amazon.de", "amazon", id="sub-domain of a national domain"),
        pytest.param("aws.com", "aws", id="other domain"),
        pytest.param("office.com", "microsoft-365", id="domain of a product"),
        pytest.param("api.zendesk.com", "zendesk", id="a platform's own host"),
        pytest.param("foo.github.io", None, id="a user's site"),
        pytest.param("x.myshopify.com", None, id="a shop"),
        pytest.param("blog.wordpress.com", None, id="a blog"),
        pytest.param("acme.zendesk.com", None, id="a customer's help centre"),
        pytest.param("careers.acme.bamboohr.com", None, id="below a customer's"),
        pytest.param("bucket.s3.amazonaws.com", None, id="a bucket"),
        pytest.param("attacker.co", None, id="unknown"),
        pytest.param("stripe.co", None, id="the label of another registry"),
        pytest.param("stripe.com.attacker.co", None, id="a name as sub-domain"),
        pytest.param("notstripe.com", None, id="a longer label"),
        pytest.param("s-tripe.com", None, id="a label that folds to another"),
        pytest.param("slack-api.com", None, id="a domain with a deployment"),
        pytest.param("slack.cloud", None, id="a suffix that says a deployment"),
    ],
)
def test_hosts_lead_to_the_company_that_owns_them(name: str, key: str | None) -> None:
    found = builtin_catalog().find(name)
    assert (found.key if found else None) == key


def test_of_the_built_in_entries_no_two_read_alike() -> None:
    readings: dict[str, set[str]] = defaultdict(set)
    for entry in builtin_catalog():
        for name in (entry.key, entry.name, *entry.aliases):
            readings[folded(name)].add(entry.key)
    assert {name: keys for name, keys in readings.items() if len(keys) > 1} == {}


def test_a_display_name_of_two_entries_finds_neither() -> None:
    catalog = Catalog((integration("one", "Acme", "one.test"), integration("two", "ACME", "two.test")))
    assert catalog.find("acme") is None


def test_an_operators_key_precedes_a_display_name() -> None:
    catalog = Catalog(
        (integration("one", "Two Three", "one.test"), integration("two-three", "X", "two.test"))
    )
    found = catalog.find("TwoThree")
    assert found is not None
    assert found.key == "two-three"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        pytest.param("a-b,A,a.test,\nab,B,b.test,\n", "'ab' cannot be told from 'a-b'", id="keys"),
        pytest.param("one,A,a.test,a-b\ntwo,B,b.test,ab\n", "'ab' already belongs to 'one'", id="aliases"),
        pytest.param("one,A,a.test,googledrive\n", "belongs to 'google-drive'", id="a built-in key"),
    ],
)
def test_names_that_read_alike_are_refused(tmp_path: Path, rows: str, problem: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"key,name,domain,aliases\n{rows}", encoding="utf-8")
    with pytest.raises(CatalogError, match=problem):
        load_catalog(path)


@given(name=st.text())
def test_any_text_is_looked_up(name: str) -> None:
    assert next(folded_forms(name)) == folded(name) or not name.isascii()
    builtin_catalog().find(name)


@given(host=st.from_regex(r"([a-z]{1,3}\.){1,5}(com|co\.uk|github\.io)", fullmatch=True))
def test_parents_end_at_the_owner(host: str) -> None:
    assert all(host.endswith(f".{parent}") and "." in parent for parent in parents(host))
    assert not {"github.io", "co.uk"} & set(parents(host))
