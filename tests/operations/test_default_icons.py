"""Default icons of frameworks and hosts, and who may show them."""

import csv
import hashlib
import re

import pytest

from harness.factories import make_integration
from logocache.domains import canonical_domain
from logocache.model import Origin
from logocache.operations.default_icons import FILE, DefaultIcon, DefaultIcons, default_icons
from logocache.policy.looks import PATTERN, is_copy, samples_of

ROWS = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))

LOOK, NEAR, FAR = "0" * 192, "1" * 192, "9" * 192
BODY = b"the default icon"
FINGERPRINTS = f"""name,owners,origin,fingerprint,look
Frame,frame.dev frame.io,npm:create-frame@1.0,{hashlib.sha256(BODY).hexdigest()},{LOOK}
Engine,engine.org,recog,{hashlib.md5(b"published", usedforsecurity=False).hexdigest()},
Host,host.com,url,https://cdn.host.com/default.ico,
"""
ICONS = DefaultIcons(FINGERPRINTS)


@pytest.mark.parametrize(
    ("url", "body", "look", "expected"),
    [
        pytest.param("", BODY, FAR, "Frame", id="the file itself"),
        pytest.param("", b"another size", NEAR, "Frame", id="a copy"),
        pytest.param("", b"published", FAR, "Engine", id="known by MD5 only"),
        pytest.param("https://cdn.host.com/default.ico?v=3", b"new", FAR, "Host", id="at its address"),
        pytest.param("https://cdn.host.com/logo.png", b"new", FAR, None, id="another address"),
        pytest.param("", b"new", "", None, id="without a look"),
    ],
)
def test_default_icons_are_known_by_bytes_address_and_look(
    url: str, body: bytes, look: str, expected: str | None
) -> None:
    found = ICONS.find(url, body, look)
    assert (found.name if found is not None else None) == expected


@pytest.mark.parametrize(
    ("domain", "aliases", "expected"),
    [
        pytest.param("wordpress.com", (), True, id="the owner"),
        pytest.param("docs.wordpress.org", (), True, id="its sub-domain"),
        pytest.param("wp.example", ("wordpress.org",), True, id="its other domain"),
        pytest.param("shop.wordpress.com", (), False, id="the site of a user"),
        pytest.param("acme.com", ("acme.io", "acme-key"), False, id="another company"),
        pytest.param("notwordpress.com", (), False, id="the end of a name"),
    ],
)
def test_it_is_the_logo_of_its_owners_only(domain: str, aliases: tuple[str, ...], *, expected: bool) -> None:
    icon = DefaultIcon("WordPress", frozenset({"wordpress.com", "wordpress.org"}))
    for origin in Origin:
        integration = make_integration("it", domain=domain, aliases=aliases, origin=origin)
        assert icon.stands_for(integration) is expected


def test_the_version_tells_other_fingerprints() -> None:
    assert DefaultIcons(FINGERPRINTS).version == ICONS.version != default_icons().version


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['name']} {row['fingerprint'][-24:]}")
def test_each_row_can_be_used(row: dict[str, str]) -> None:
    assert row["name"]
    assert row["origin"].partition(":")[0] in {"npm", "pypi", "debian", "recog", "url"}
    assert re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{32}|https://[^?#]+", row["fingerprint"])
    assert PATTERN.fullmatch(row["look"])
    assert all(canonical_domain(owner) == owner for owner in row["owners"].split())
    assert row["owners"]


def test_no_fingerprint_has_two_names() -> None:
    assert len({row["fingerprint"] for row in ROWS}) == len(ROWS)
    looks = [(row["name"], row["owners"], samples_of(row["look"])) for row in ROWS if row["look"]]
    mixed = {
        (name, other)
        for name, owners, look in looks
        for other, others, second in looks
        if owners != others and is_copy(look, second)
    }
    assert mixed == set()


@pytest.mark.parametrize(
    "name",
    [
        "Next.js",
        "Create React App",
        "Vite",
        "Vue",
        "Angular",
        "Svelte",
        "Docusaurus",
        "WordPress",
        "Drupal",
        "Wix",
    ],
)
def test_the_great_ones_are_known(name: str) -> None:
    assert name in {row["name"] for row in ROWS}
