"""A picture that unrelated companies show, from the first of them to the next process."""

from pathlib import Path

import pytest

from harness.bench import Bench
from harness.factories import make_image, make_integration
from harness.fakes import FakeProvider, reply
from logocache.model import OutcomeKind, PlaceholderProof, Status

KEYS = ("alpha", "beta", "gamma", "kappa", "omega")
SITE = FakeProvider(urls=["https://{domain}/icon.png"], asks_many_hosts=True)
SET = FakeProvider("iconsets", bodies={"iconify:logos:any": b"mark"})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Five companies whose sites show the same picture; the first three are known to begin with."""
    return Bench(
        tmp_path,
        integrations=[make_integration(key) for key in KEYS[:3]],
        chain=[SITE],
        replies={f"https://{key}.test/icon.png": reply(body=b"parked", etag='"1"') for key in KEYS},
        settings={"concurrency": 1},
    )


def grow(bench: Bench, count: int) -> None:
    bench.integrations = [make_integration(key) for key in KEYS[:count]]


def shown(bench: Bench) -> dict[str, tuple[Status, str | None]]:
    with bench.repository() as repository:
        records = [repository.get(key) for key in KEYS]
    return {record.key: (record.status, record.provider) for record in records if record is not None}


def test_the_fourth_company_is_refused_in_a_later_process(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    grow(bench, 5)
    with bench.open() as cache:
        report = cache.init()
    assert shown(bench) == {
        **dict.fromkeys(KEYS[:3], (Status.CACHED, "site")),
        **dict.fromkeys(KEYS[3:], (Status.PLACEHOLDER, "monogram")),
    }
    assert {logo.outcome for logo in report.logos if logo.key in KEYS[3:]} == {OutcomeKind.PLACEHOLDER}
    with bench.repository() as repository:
        known = repository.placeholders.sightings("site", make_image(b"parked").sha256)
    assert known.proof is PlaceholderProof.SHARED


def test_those_who_have_it_are_asked_again_and_get_what_is_better(bench: Bench) -> None:
    grow(bench, 4)
    with bench.open() as cache:
        cache.init()
    bench.chain = [SITE, SET]
    with bench.open() as cache:
        report = cache.refresh()
    assert sorted(logo.key for logo in report.logos) == sorted(KEYS[:3]), "and no other is due"
    assert {key: provider for key, (_, provider) in shown(bench).items()} == {
        **dict.fromkeys(KEYS[:3], "iconsets"),
        "kappa": "monogram",
    }
    grow(bench, 5)
    with bench.open() as cache:
        cache.init()
    assert shown(bench)["omega"] == (Status.CACHED, "iconsets"), "though nobody shows it any more"


def test_without_anything_better_they_keep_it_and_are_left_alone(bench: Bench) -> None:
    grow(bench, 4)
    with bench.open() as cache:
        cache.init()
        files = bench.files
        assert sorted(logo.key for logo in cache.refresh().logos) == sorted(KEYS[:3])
        assert cache.refresh().logos == ()
    assert bench.files == files
    assert shown(bench)["alpha"] == (Status.CACHED, "site")
