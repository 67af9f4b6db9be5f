"""LogoCache.lookup: single logos looked up, read, derived, admitted and counted."""

import pytest

from harness.bench import Bench
from logocache.errors import DatabaseError, DomainError, UnknownKeyError
from logocache.model import Integration, LogoRecord, Origin, StoredFile
from logocache.operations.lookup import Lookup
from logocache.queries import ImageFormat, Variant
from logocache.settings.server import OnDemand

SMALL = Variant(size=64, format=ImageFormat.WEBP)


def stored(lookup: Lookup, name: str = "shopify") -> tuple[LogoRecord, StoredFile]:
    record = lookup.find(name)
    assert record is not None
    assert record.file is not None
    return record, record.file


def test_a_stored_logo_is_read(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        _, file = stored(cache.lookup)
        assert cache.lookup.read(file) == b"shopify"
        assert cache.lookup.read_named(file.name) == b"shopify"
        assert cache.lookup.read_variant(file, SMALL) is None
        assert cache.lookup.derive(b"shopify", SMALL) == b"64-webp of shopify"


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_damaged_file_is_never_handed_out(bench: Bench, damage: str) -> None:
    with bench.open() as cache:
        cache.init()
        _, file = stored(cache.lookup)
        path = cache.settings.dir / file.name
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(b"shopifi")
        assert cache.lookup.read(file) is None
        assert cache.lookup.read_named(file.name) is None


@pytest.mark.parametrize("name", ["passwd", ".logocache", "../shopify_00000000.png", "x.png", "", "\0"])
def test_only_files_of_ours_are_read_by_name(bench: Bench, name: str) -> None:
    with bench.open() as cache:
        cache.init()
        (cache.settings.dir / "x.png").write_bytes(b"a stranger")
        assert cache.lookup.read_named(name) is None
        assert cache.lookup.successor(name) is None


def test_a_variant_that_is_kept_is_found_again(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        _, file = stored(cache.lookup)
        cache.lookup.write_variant(file, SMALL, b"made before")
        assert cache.lookup.read_variant(file, SMALL) == b"made before"
        assert cache.stats().variant_files == 1


def test_a_variant_that_finds_no_room_is_not_kept(bench: Bench) -> None:
    with bench.open(max_size_mb=0.00003) as cache:
        cache.init(["shopify"])
        _, file = stored(cache.lookup)
        cache.lookup.write_variant(file, SMALL, b"much too large for what is left")
        assert cache.stats().variant_files == 0


def test_keeping_a_variant_is_given_up_without_the_database(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise DatabaseError("the database is away", hint="wait")

    with bench.open() as cache:
        cache.init()
        _, file = stored(cache.lookup)
        with monkeypatch.context() as trouble:
            trouble.setattr(cache._context.repository, "unit", away)
            cache.lookup.write_variant(file, SMALL, b"made")
        assert cache.stats().variant_files == 0


def test_an_old_name_leads_to_the_current_file(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        _, file = stored(cache.lookup)
        assert cache.lookup.successor("shopify_00000000.png") == file.name
        assert cache.lookup.successor("nobody_00000000.png") is None


@pytest.mark.parametrize(
    ("policy", "name", "allowed"),
    [
        (OnDemand.OFF, "shopify", False),
        (OnDemand.OFF, "example.com", False),
        (OnDemand.CATALOG, "shopify", True),
        (OnDemand.CATALOG, "shopify.test", True),
        (OnDemand.CATALOG, "example.com", False),
        (OnDemand.ANY, "shopify", True),
        (OnDemand.ANY, "www.Example.com", True),
    ],
)
def test_the_policy_decides_what_may_be_admitted(
    bench: Bench, policy: OnDemand, name: str, *, allowed: bool
) -> None:
    with bench.open(on_demand=policy) as cache:
        cache._context.store.prepare()
        cache._context.repository.migrate()
        assert cache.lookup.may_admit(name) is allowed
        record = cache.lookup.admit(name)
        assert (record is not None) is allowed
        assert (cache.lookup.find(name) is not None) is allowed


def test_a_new_domain_becomes_an_entry_of_its_own(bench: Bench) -> None:
    with bench.open(on_demand=OnDemand.ANY) as cache:
        cache.init()
        record = cache.lookup.admit("www.Example.com")
    assert record is not None
    assert (record.key, record.origin) == ("example.com", Origin.ON_DEMAND)


@pytest.mark.parametrize(
    ("name", "error"), [("nobody", UnknownKeyError), ("127.0.0.1", DomainError), ("a..b", DomainError)]
)
def test_what_is_no_name_of_a_logo_is_refused(bench: Bench, name: str, error: type[Exception]) -> None:
    with bench.open(on_demand=OnDemand.ANY) as cache:
        cache.init()
        for ask in (cache.lookup.may_admit, cache.lookup.admit):
            with pytest.raises(error):
                ask(name)
        with pytest.raises(error):
            cache.lookup.monogram(name, None, Variant())


def test_a_monogram_is_drawn_for_entries_and_for_domains(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        record, _ = stored(cache.lookup)
        assert cache.lookup.monogram("shopify", record, Variant()) == b"monogram shopify"
        assert cache.lookup.monogram("example.com", None, Variant()) == b"monogram example.com"
        assert cache.lookup.monogram("example.com", None, SMALL) == b"64-webp of monogram example.com"


def test_handing_out_is_counted(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        record, file = stored(cache.lookup)
        cache.lookup.count_hit(record.key, stale=True)
        cache.lookup.count_file(file.name)
        cache.lookup.count_file("a stranger")
        cache.lookup.count_miss()
        assert cache.lookup.counted == 3
        cache.flush()
        assert stored(cache.lookup)[0].access_count == 2
        stats = cache.stats()
        assert (stats.hits, stats.stale_hits, stats.misses) == (1, 1, 1)


def test_changes_are_seen_by_the_generation(bench: Bench) -> None:
    with bench.open() as first, bench.open() as second:
        first.init()
        before = second.lookup.generation()
        assert second.lookup.generation() == before
        first.refresh(["shopify"], force=True)
        assert second.lookup.generation() > before


def test_entries_are_read_by_key(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        assert [record.key for record in cache.lookup.records(["slack", "nobody", "shopify"])] == [
            "shopify",
            "slack",
        ]


def test_what_is_due_is_told(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        record, _ = stored(cache.lookup)
        assert not cache.lookup.is_due(record)
        bench.clock.advance(days=8)
        assert cache.lookup.is_due(record)
        assert cache.lookup.is_stale(record)


@pytest.mark.parametrize("name", ["Shopify API", "SHOPIFY_", "shopifyCloud", "help.shopify.test"])
def test_a_name_as_people_write_it_leads_to_the_entry(bench: Bench, name: str) -> None:
    with bench.open() as cache:
        cache.init()
        assert stored(cache.lookup, name)[0].key == "shopify"
        assert cache.entry(name).key == "shopify"


def test_a_stored_host_precedes_the_company_above_it(bench: Bench) -> None:
    """Entries of earlier versions stay reachable, and `clear` of one never clears the company's."""
    host = "help.shopify.test"
    early = Integration(key=host, name=host, domain=host, category="on-demand", origin=Origin.ON_DEMAND)
    with bench.open() as cache:
        cache.init()
        cache._context.repository.register([early], now=bench.clock())
        assert cache.entry(host).key == host
        assert cache.entry("shop.shopify.test").key == "shopify"


def test_an_image_is_drawn_once(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        assert cache.image("shopify") == b"shopify"
        assert [cache.image("shopify", SMALL) for _ in range(2)] == [b"64-webp of shopify"] * 2
        assert bench.images.derived == [SMALL]
        assert (cache.stats().variant_files, cache.stats().hits) == (1, 0)
        cache.flush()
        assert cache.stats().hits == 3


@pytest.mark.parametrize("variant", [Variant(), SMALL], ids=["stored", "derived"])
def test_there_is_no_image_without_a_file(bench: Bench, variant: Variant) -> None:
    with bench.open() as cache:
        cache.init()
        assert cache.image("nobody", variant) is None
        _, file = stored(cache.lookup)
        (cache.settings.dir / file.name).unlink()
        assert cache.image("shopify", variant) is None
