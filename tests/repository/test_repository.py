"""Finding entries, and what is counted about them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from harness.entries import claim, due_keys, fetch_of, known, make_attempt, make_replaced, save, store
from harness.factories import DAY, NOW, make_cached, make_file, make_record
from logocache.model import Origin, OutcomeKind, Status
from logocache.repository import Repository
from logocache.repository.filters import RecordFilter
from logocache.repository.totals import Access, GroupTotal

RECORDS = [
    make_cached("Amazon", name="Amazon", category="retail", provider="iconsets", pinned=True),
    make_cached("apple", name="Apple", domain="apple.test", category="tech", provider="site"),
    make_cached("éclair", name="Éclair 100%", category="food", fetched_at=NOW - 9 * DAY, failure_count=1),
    make_cached("mono", status=Status.PLACEHOLDER, provider="monogram", fetched_at=None),
    make_record("pending", category="a_b", failure_count=2),
    make_record("zoom.test", domain="zoom.test", name="ZOOM İ", category="tech", origin=Origin.ON_DEMAND),
]
ALL = ["Amazon", "apple", "mono", "pending", "zoom.test", "éclair"]
"""In the order of code points, in any locale."""


@pytest.fixture
def filled(repository: Repository) -> Repository:
    store(repository, *RECORDS)
    return repository


def keys(repository: Repository, where: RecordFilter) -> list[str]:
    return [record.key for record in repository.page(where, after=None, limit=100)]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(RecordFilter(), ALL, id="all"),
        pytest.param(RecordFilter(keys=["apple", "none", "\0", "mono"]), ["apple", "mono"], id="keys"),
        pytest.param(RecordFilter(keys=[]), [], id="no keys"),
        pytest.param(
            RecordFilter(statuses=[Status.PENDING, Status.PLACEHOLDER]),
            ["mono", "pending", "zoom.test"],
            id="statuses",
        ),
        pytest.param(RecordFilter(providers={"site"}), ["apple", "éclair"], id="providers"),
        pytest.param(
            RecordFilter(categories={"tech", "food"}), ["apple", "zoom.test", "éclair"], id="categories"
        ),
        pytest.param(RecordFilter(has_file=False), ["pending", "zoom.test"], id="no file"),
        pytest.param(RecordFilter(has_file=True), ["Amazon", "apple", "mono", "éclair"], id="file"),
        pytest.param(RecordFilter(failing=True), ["pending", "éclair"], id="failing"),
        pytest.param(RecordFilter(failing=False), ["Amazon", "apple", "mono", "zoom.test"], id="not failing"),
        pytest.param(RecordFilter(fetched_before=NOW), ["éclair"], id="fetched before"),
        pytest.param(RecordFilter(stale_before=NOW - 9 * DAY), ["éclair"], id="stale since just then"),
        pytest.param(RecordFilter(stale_before=NOW - 10 * DAY), [], id="not stale for so long"),
        pytest.param(RecordFilter(pinned=True), ["Amazon"], id="pinned"),
        pytest.param(RecordFilter(pinned=False), ALL[1:], id="not pinned"),
        pytest.param(RecordFilter(text="aMaZ"), ["Amazon"], id="text in any case"),
        pytest.param(RecordFilter(text="ÉCLAIR"), ["éclair"], id="text in any case beyond ASCII"),
        pytest.param(RecordFilter(text="zoom i\u0307"), ["zoom.test"], id="text folded to more letters"),
        pytest.param(RecordFilter(text="100%"), ["éclair"], id="a percent sign is itself"),
        pytest.param(RecordFilter(text="a_p"), [], id="an underscore is itself"),
        pytest.param(RecordFilter(text="%" * 100_000), [], id="longer than any text"),
        pytest.param(RecordFilter(text="/"), [], id="the escape is itself"),
        pytest.param(RecordFilter(text="e\napple.te"), [], id="not across name and domain"),
        pytest.param(
            RecordFilter(text="\0\ud800"), ["zoom.test", "éclair"], id="nothing storable: as a space"
        ),
        pytest.param(RecordFilter(text="PLE.TEST"), ["apple"], id="text in the domain"),
        pytest.param(
            RecordFilter(statuses=[Status.CACHED], failing=True, text="CLAIR"), ["éclair"], id="all together"
        ),
    ],
)
def test_filters(filled: Repository, where: RecordFilter, expected: list[str]) -> None:
    assert keys(filled, where) == expected
    assert filled.count(where, most=99) == len(expected)


def test_counting_stops_at_a_limit_unless_the_kept_totals_know_the_number(filled: Repository) -> None:
    assert filled.count(RecordFilter(text=""), most=2) == 2
    assert filled.count(RecordFilter(), most=2) == len(keys(filled, RecordFilter())) > 2
    assert filled.count(RecordFilter(providers=[""]), most=2) == 0


def test_pages_follow_each_other_without_gap_or_overlap(filled: Repository) -> None:
    seen: list[str] = []
    after = None
    while page := filled.page(RecordFilter(), after=after, limit=2):
        assert len(page) <= 2
        seen += [record.key for record in page]
        after = page[-1].key
    assert seen == ALL


def test_a_page_may_start_behind_a_key_that_never_was(filled: Repository) -> None:
    page = filled.page(RecordFilter(), after="a\0pz", limit=1)
    assert [record.key for record in page] == ["mono"]


def test_entries_come_back_with_all_their_facts(filled: Repository) -> None:
    page = filled.page(RecordFilter(), after=None, limit=100)
    assert sorted(page, key=lambda record: record.key) == sorted(RECORDS, key=lambda record: record.key)


@pytest.mark.parametrize("key", ["none", "APPLE", "", "apple\0", "\ud800", "x" * 10_000, "apple' OR '1'='1"])
def test_a_key_that_is_not_there_is_none(filled: Repository, key: str) -> None:
    assert filled.get(key) is None
    assert filled.find_by_domain(key) is None


def test_the_first_entry_of_a_domain_is_found(repository: Repository) -> None:
    store(
        repository,
        make_record("google-drive", domain="google.test"),
        make_record("google", domain="google.test"),
    )
    found = repository.find_by_domain("google.test")
    assert found is not None
    assert found.key == "google"


def test_times_in_any_zone_come_back_in_utc_to_the_microsecond(repository: Repository) -> None:
    there = datetime(2026, 1, 1, 0, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    store(repository, make_cached("a", fetched_at=there, next_attempt_at=there))
    record = repository.get("a")
    assert record is not None
    assert record.fetched_at == there
    assert record.fetched_at.tzinfo is UTC
    assert due_keys(repository, now=there - timedelta(microseconds=1)) == []
    assert due_keys(repository, now=there) == ["a"]


def test_a_time_without_a_zone_is_the_callers_mistake(repository: Repository) -> None:
    with pytest.raises(ValueError, match="has no zone"):
        repository.totals(now=NOW.replace(tzinfo=None), stale_before=NOW)


def test_entries_with_the_same_image_of_a_provider(repository: Repository) -> None:
    store(
        repository,
        make_cached("b", content=b"same"),
        make_cached("a", content=b"same"),
        make_cached("other-provider", content=b"same", provider="google"),
        make_cached("other-image", content=b"else"),
    )
    same = repository.placeholders.entries("site", make_file(content=b"same").sha256)
    assert [record.key for record in same] == ["a", "b"]
    assert repository.placeholders.entries("\0", "x") == []


def test_the_largest_files_come_first(repository: Repository) -> None:
    sizes = {"a": 5, "b": 9, "c": 9, "d": 1}
    store(
        repository,
        make_record("none"),
        *(make_cached(k, file=make_file(k, size=n)) for k, n in sizes.items()),
    )
    assert [record.key for record in repository.largest(3)] == ["c", "b", "a"]


def test_accesses_add_up_and_the_last_one_never_moves_back(repository: Repository) -> None:
    known(repository, "a", "b")
    repository.record_accesses(
        {"a": Access(count=2, last_at=NOW), "unknown": Access(count=9, last_at=NOW)}, {}
    )
    repository.record_accesses(
        {
            "a": Access(count=3, last_at=NOW - DAY),
            "b": Access(count=1, last_at=NOW),
            "\0": Access(count=1, last_at=NOW),
        },
        {},
    )
    repository.record_accesses({"b": Access(count=1, last_at=NOW + DAY)}, {})
    facts = {
        r.key: (r.access_count, r.last_accessed_at)
        for r in repository.page(RecordFilter(), after=None, limit=9)
    }
    assert facts == {"a": (5, NOW), "b": (2, NOW + DAY)}


def test_counters_add_up(repository: Repository) -> None:
    none = {"hits": 0, "misses": 0, "stale": 0, "evictions": 0}
    assert repository.totals(now=NOW, stale_before=NOW).counters == none
    repository.record_accesses({}, {"hits": 3, "misses": 1, "stale": 0})
    repository.record_accesses({}, {"hits": 2**40})
    assert repository.totals(now=NOW, stale_before=NOW).counters == none | {"hits": 3 + 2**40, "misses": 1}


def test_requests_are_counted_by_provider_for_the_month(repository: Repository) -> None:
    known(repository, "shopify")
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    attempts = [
        make_attempt(provider="logodev"),
        make_attempt(provider="logodev", outcome=OutcomeKind.TRANSIENT),
        make_attempt(provider="site", outcome=OutcomeKind.NOT_ASKED),
        make_attempt(provider="odd:name"),
        make_attempt(provider="logodev", at=midnight.astimezone(timezone(-timedelta(hours=5)))),
    ]
    save(repository, fetch_of(make_cached("shopify"), attempts=attempts))
    save(repository, fetch_of(make_cached("shopify"), attempts=[make_attempt(provider="logodev")]))
    november = repository.totals(now=midnight - timedelta(seconds=1), stale_before=NOW)
    assert november.provider_requests == {"logodev": 3, "odd:name": 1}
    assert repository.totals(now=midnight, stale_before=NOW).provider_requests == {"logodev": 1}
    assert set(november.counters) == {"hits", "misses", "stale", "evictions"}


def test_totals_of_an_empty_cache(repository: Repository) -> None:
    totals = repository.totals(now=NOW, stale_before=NOW)
    assert (totals.entries, totals.files, totals.bytes, totals.due) == (0, 0, 0, 0)
    assert (totals.replaced_files, totals.replaced_bytes) == (0, 0)
    assert (totals.by_status, totals.by_provider, totals.by_category) == ((), (), ())
    assert totals.oldest_fetched_at is None
    assert totals.newest_fetched_at is None


def test_totals_agree_with_what_is_stored(filled: Repository) -> None:
    save(
        filled,
        fetch_of(make_cached("apple", content=b"123456", category="tech"), replaced=make_replaced("apple")),
    )
    assert claim(filled, ["pending"]) == ["pending"]
    totals = filled.totals(now=NOW, stale_before=NOW - DAY)
    assert (totals.entries, totals.files, totals.bytes) == (6, 4, 3 * 3 + 6)
    assert (totals.replaced_files, totals.replaced_bytes) == (1, 3)
    assert totals.by_status == (
        GroupTotal(name="cached", entries=3, bytes=12),
        GroupTotal(name="pending", entries=2, bytes=0),
        GroupTotal(name="placeholder", entries=1, bytes=3),
    )
    assert totals.by_provider == (
        GroupTotal(name="iconsets", entries=1, bytes=3),
        GroupTotal(name="monogram", entries=1, bytes=3),
        GroupTotal(name="site", entries=2, bytes=9),
    )
    assert totals.by_category[0] == GroupTotal(name="a_b", entries=1, bytes=0)
    assert sum(group.entries for group in totals.by_category) == 6
    assert totals.due == len(due_keys(filled)) == 1
    assert totals.stale == 1
    assert totals.failing == len(keys(filled, RecordFilter(failing=True))) == 2
    assert totals.leased == 1
    assert (totals.oldest_fetched_at, totals.newest_fetched_at) == (NOW - 9 * DAY, NOW)


def test_stale_are_real_logos_only_from_that_moment_on(repository: Repository) -> None:
    limit = NOW - 7 * DAY
    store(
        repository,
        make_cached("stale", fetched_at=limit),
        make_cached("fresh", fetched_at=limit + timedelta(microseconds=1)),
        make_cached("monogram", status=Status.PLACEHOLDER, fetched_at=limit - DAY),
        make_record("pending", fetched_at=limit - 2 * DAY),
    )
    totals = repository.totals(now=NOW, stale_before=limit)
    assert totals.stale == 1
    assert (totals.oldest_fetched_at, totals.newest_fetched_at) == (
        limit - DAY,
        limit + timedelta(microseconds=1),
    )
