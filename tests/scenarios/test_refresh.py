"""LogoCache: refresh, with real files and a real database, among fake sources."""

from pathlib import Path

import pytest

from harness.bench import SHOPIFY, Bench
from harness.factories import make_integration
from harness.fakes import FakeProvider, reply
from logocache import DomainError, UnknownKeyError
from logocache.model import OutcomeKind, Status


def test_refresh_keeps_the_logo_when_asking_fails(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="down")
        report = cache.refresh(["shopify"])
        assert (report.failed, report.logos[0].kept, report.logos[0].reason) == (1, True, "down")
        logo = cache.get("shopify")
        assert logo is not None
        assert logo.read_bytes() == b"shopify"


def test_refresh_of_what_failed(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        assert [logo.key for logo in cache.refresh(failed=True).logos] == ["stripe"]


def test_refresh_with_a_limit(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        assert len(cache.refresh(force=True, limit=2).logos) == 2


def test_refresh_makes_an_unknown_domain_known(bench: Bench) -> None:
    bench.fetcher.replies["https://new.test/icon.png"] = reply(body=b"new")
    with bench.open() as cache:
        cache.init()
        report = cache.refresh(["HTTPS://www.New.test/path"])
        assert (report.added, report.found, report.logos[0].key) == (1, 1, "new.test")
        logo = cache.get("www.new.test")
        assert logo is not None
        assert logo.read_bytes() == b"new"
        assert cache.refresh(["new.test"]).added == 0


@pytest.mark.parametrize(
    ("name", "error"), [("nobody", UnknownKeyError), ("a..b", DomainError), ("[::1]", DomainError)]
)
def test_refresh_of_nonsense(bench: Bench, name: str, error: type[Exception]) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        with pytest.raises(error):
            cache.refresh([name])


def test_a_replaced_file_is_swept_after_its_grace_period(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(body=b"new shopify")
        cache.refresh(["shopify"])
        assert b"shopify" in bench.files.values()
        bench.clock.advance(days=8)
        cache.refresh(["slack"])
        assert b"shopify" not in bench.files.values()
        assert cache.stats().replaced_files == 0


@pytest.mark.parametrize("retention", [0, 7])
def test_a_logo_that_comes_back_keeps_its_file(bench: Bench, retention: int) -> None:
    """It has the name it had before, which is then that of a replaced file, too."""
    with bench.open(replaced_retention_days=retention) as cache:
        cache.init(["shopify"])
        for body in (b"new shopify", b"shopify"):
            bench.fetcher.replies[SHOPIFY] = reply(body=body)
            cache.refresh(["shopify"])
        bench.clock.advance(days=8)
        cache.refresh(["slack"])
        logo = cache.get("shopify")
        assert logo is not None
        assert logo.read_bytes() == b"shopify"
        assert b"new shopify" not in bench.files.values()
        assert cache.verify().ok


def test_without_retention_the_replaced_file_goes_at_once(bench: Bench) -> None:
    with bench.open(replaced_retention_days=0) as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(body=b"new shopify")
        cache.refresh(["shopify"])
        assert b"shopify" not in bench.files.values()
        assert cache.verify().ok


def test_a_304_never_confirms_a_file_that_is_gone(bench: Bench) -> None:
    bench.fetcher.replies[SHOPIFY] = lambda request: (
        reply(OutcomeKind.UNCHANGED) if request.etag else reply(body=b"shopify", etag='"1"')
    )
    with bench.open() as cache:
        cache.init()
        next((bench.folder / "logos").glob("shopify_*")).unlink()
        report = cache.refresh(["shopify"])
        assert report.logos[0].outcome is OutcomeKind.FOUND
        assert b"shopify" in bench.files.values()


COMPANIES = ("amber", "birch", "cedar", "dogwood")


@pytest.fixture
def globes(tmp_path: Path) -> Bench:
    """A provider that has the same picture for four companies."""
    provider = FakeProvider("google", urls=["https://icons.test/{domain}"], learns_placeholder=True)
    return Bench(
        tmp_path,
        integrations=[make_integration(name) for name in COMPANIES],
        chain=[provider],
        replies={f"https://icons.test/{name}.test": reply(body=b"globe") for name in COMPANIES},
        settings={"concurrency": 1},
    )


def test_what_a_provider_proves_late_to_be_its_stand_in_is_taken_back(globes: Bench) -> None:
    """When it was asked first, it was down."""
    answers = iter([reply(OutcomeKind.TRANSIENT, reason="down"), reply(body=b"globe")])
    globes.fetcher.probe = lambda _: next(answers)
    with globes.open() as cache:
        report = cache.init()
        assert report.missing == COMPANIES
        assert {entry.status for entry in cache.list().entries} == {Status.PLACEHOLDER}
        assert {logo.outcome for logo in report.logos} == {OutcomeKind.PLACEHOLDER}


def test_what_many_companies_share_is_kept_from_the_fourth_and_taken_from_none(globes: Bench) -> None:
    with globes.open() as cache:
        assert cache.init().missing == ("dogwood",)
