"""LogoCache: resized copies beside the logos, with real files and a real database, among fake sources."""

from pathlib import Path

import pytest

from harness.bench import SHOPIFY, SLACK, Bench
from harness.factories import make_integration
from harness.fakes import reply
from logocache.cache import LogoCache
from logocache.model import Status, StoredForm
from logocache.operations.lookup import Lookup
from logocache.queries import ClearSelection, ListQuery, Variant
from logocache.results import FindingKind
from logocache.store.variants import FileVariants

SMALL = Variant(size=32)
DIGEST_SIZE = 32
LIMIT = 200


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Two entries with a logo of 7 and 5 bytes, under a limit of 200."""
    return Bench(
        tmp_path,
        integrations=[make_integration("shopify"), make_integration("slack")],
        replies={SHOPIFY: reply(body=b"shopify"), SLACK: reply(body=b"slack")},
        settings={"max_size_mb": LIMIT / 1_000_000},
    )


def copies(bench: Bench) -> FileVariants:
    return FileVariants(bench.folder / "logos" / ".logocache" / "variants", max_count=100)


def name(bench: Bench, key: str) -> str:
    return next(file for file in bench.files if file.startswith(f"{key}_"))


def keep(bench: Bench, key: str, *, size: int = 50) -> None:
    """A copy of `size` bytes on disk."""
    assert copies(bench).write(name(bench, key), SMALL, bytes(size - DIGEST_SIZE), room=10_000)


def test_copies_are_counted_against_the_limit(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        keep(bench, "shopify", size=88)
        stats = cache.stats()
    assert (stats.variant_files, stats.variant_size_bytes) == (1, 88)
    assert (stats.size_bytes, stats.size_usage_percent) == (100, 50.0)


def test_a_new_logo_takes_the_room_of_copies_and_of_nobody_else(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        keep(bench, "shopify", size=190)
        assert cache.init(["slack"]).evicted == 0
        assert copies(bench).count() == 0
        assert sorted(bench.files.values()) == [b"shopify", b"slack"]
        assert cache.verify().ok


def test_copies_stay_for_which_there_is_room(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        keep(bench, "shopify", size=188)
        cache.init(["slack"])
        assert copies(bench).count() == 1, "7 + 5 + 188 bytes are just the limit"


def test_copies_give_way_before_replaced_files_and_logos(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(body=b"s" * 150)
        keep(bench, "slack", size=60)
        bench.clock.advance(days=8)
        report = cache.refresh(["shopify"])
        stats = cache.stats()
    assert report.evicted == 0
    assert (stats.variant_files, stats.replaced_files, stats.files) == (0, 1, 2)
    assert stats.size_bytes == 150 + 7 + 5


def test_when_copies_are_not_enough_logos_go_too(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        keep(bench, "shopify", size=100)
        bench.fetcher.replies[SLACK] = reply(body=b"s" * 196)
        assert cache.init(["slack"]).evicted == 1
        assert [len(body) for body in bench.files.values()] == [196]
        assert cache.stats().size_bytes == 196
        assert cache.list(ListQuery(keys=("shopify",))).entries[0].status is Status.PENDING


def test_copies_that_cannot_be_deleted_count_like_logos(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another process holds their lock, and does not let go of it."""
    with bench.open() as cache:
        cache.init(["shopify"])
        keep(bench, "shopify", size=190)
        monkeypatch.setattr(FileVariants, "shrink", lambda self, room: None)
        report = cache.init(["slack"])
        assert (report.evicted, cache.stats().size_bytes) == (1, 5), "its copies went with it"


def test_a_lower_limit_takes_copies_first(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        keep(bench, "shopify", size=100)
    with bench.open(max_size_mb=50 / 1_000_000) as cache:
        assert [finding.kind for finding in cache.verify().findings] == [FindingKind.OVER_LIMIT]
        assert cache.verify(repair=True).ok
        stats = cache.stats()
    assert (stats.files, stats.variant_files) == (2, 0)


def test_a_run_tidies_up_among_the_copies(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        for key in ("shopify", "slack"):
            keep(bench, key)
        unfinished = bench.folder / "logos" / ".logocache" / "variants" / ".0123456789abcdef.part"
        unfinished.write_bytes(b"half")
    with bench.open(max_variants=1) as cache:
        cache.init()
        assert cache.stats().variant_files == 1
        assert not unfinished.exists()


def test_clearing_a_logo_clears_its_copies(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        for key in ("shopify", "slack"):
            keep(bench, key)
        slack = name(bench, "slack")
        cache.clear(cache.plan_clear(ClearSelection(keys=("shopify",))))
        assert (copies(bench).count(), copies(bench).read(slack, SMALL)) == (1, bytes(50 - DIGEST_SIZE))
        cache.clear(cache.plan_clear(ClearSelection(everything=True)))
        assert copies(bench).count() == 0


def test_copies_of_an_earlier_logo_go_with_it(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        keep(bench, "shopify")
        bench.fetcher.replies[SHOPIFY] = reply(body=b"new")
        cache.refresh(["shopify"])
        assert copies(bench).count() == 1, "its file stays for a while, and so do they"
        bench.clock.advance(days=400)
        cache.init()
        assert copies(bench).count() == 0


def test_copies_of_a_broken_logo_are_made_again(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        keep(bench, "shopify")
        (bench.folder / "logos" / name(bench, "shopify")).write_bytes(b"damaged")
        assert cache.verify(repair=True).ok
        assert copies(bench).count() == 0


# Keeping one.


def is_kept(cache: LogoCache, file: str, body: bytes) -> bool:
    lookup, form = Lookup(cache._context), StoredForm(name=file, size=1, sha256="0" * 64)
    lookup.write_variant(form, SMALL, body)
    return lookup.read_variant(form, SMALL) == body


def test_a_copy_is_kept_where_there_is_room(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        shopify = name(bench, "shopify")
        room = LIMIT - len(b"shopify") - len(b"slack") - DIGEST_SIZE
        for size, kept in ((room + 1, False), (room, True)):
            body = bytes(size)
            assert is_kept(cache, shopify, body) is kept
        assert cache.stats().size_bytes == LIMIT
        assert cache.verify().ok


def test_no_copy_of_a_logo_that_went_meanwhile_is_kept(bench: Bench) -> None:
    """Otherwise `clear` would leave something of it behind."""
    with bench.open() as cache:
        cache.init()
        shopify = name(bench, "shopify")
        cache.clear(cache.plan_clear(ClearSelection(keys=("shopify",))))
        assert not is_kept(cache, shopify, b"copy")
        assert copies(bench).count() == 0


def test_under_a_limit_that_is_exceeded_nothing_is_kept(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    with bench.open(max_size_mb=1 / 1_000_000) as cache:
        assert not is_kept(cache, name(bench, "shopify"), b"")
