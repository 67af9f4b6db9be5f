"""One of each result, for those who only show them."""

from datetime import UTC, datetime, timedelta

from logocache.model import Origin, OutcomeKind, Status
from logocache.results import (
    CacheStats,
    ClearedLogo,
    ClearPlan,
    Entry,
    FetchedLogo,
    FetchReport,
    Finding,
    FindingKind,
    Group,
    IconSet,
    IconSets,
    IconSetStatus,
    LargeFile,
    Listing,
    OrphanFile,
    Severity,
    VerifyReport,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


CACHED = Entry(
    key="shopify",
    name="Shopify",
    domain="shopify.com",
    category="ecommerce",
    origin=Origin.CATALOG,
    status=Status.CACHED,
    pinned=True,
    stale=True,
    file="shopify_1f3a9c2e.png",
    size_bytes=12345,
    width=512,
    height=480,
    sha256="1f3a9c2e" * 8,
    svg="shopify_5d1e7a90.svg",
    dark=None,
    provider="site",
    source_url="https://shopify.com/icon.png",
    licence=None,
    attribution=None,
    created_at=NOW - 30 * DAY,
    fetched_at=NOW - 3 * DAY,
    checked_at=NOW - DAY,
    next_attempt_at=NOW + DAY,
    last_accessed_at=None,
    access_count=7,
    fetch_count=2,
    failure_count=1,
    last_outcome=OutcomeKind.TRANSIENT,
    last_error="timed out",
)
PENDING = Entry(
    key="acme",
    name="Acme\x1b[31m\tInc",
    domain="acme.example",
    category="other",
    origin=Origin.CUSTOM,
    status=Status.PENDING,
    pinned=False,
    stale=False,
    file=None,
    size_bytes=None,
    width=None,
    height=None,
    sha256=None,
    svg=None,
    dark=None,
    provider=None,
    source_url=None,
    licence=None,
    attribution=None,
    created_at=NOW,
    fetched_at=None,
    checked_at=None,
    next_attempt_at=None,
    last_accessed_at=None,
    access_count=0,
    fetch_count=0,
    failure_count=0,
    last_outcome=None,
    last_error=None,
)
LISTING = Listing(entries=(CACHED, PENDING), matching=5)

FOUND = FetchedLogo(
    key="shopify",
    name="Shopify",
    status=Status.CACHED,
    outcome=OutcomeKind.FOUND,
    provider="site",
    kept=False,
    size_bytes=12345,
    width=512,
    height=480,
    next_attempt_at=NOW + 7 * DAY,
    reason="",
)
MISSED = FetchedLogo(
    key="acme",
    name="Acme",
    status=Status.PLACEHOLDER,
    outcome=OutcomeKind.NOT_FOUND,
    provider="monogram",
    kept=False,
    size_bytes=900,
    width=256,
    height=256,
    next_attempt_at=NOW + 3 * DAY,
    reason="no source has a logo",
)
FETCHED = FetchReport(
    command="init",
    enabled=True,
    offline=False,
    directory="/logos",
    known=72,
    added=72,
    asked=2,
    found=1,
    unchanged=0,
    placeholders=1,
    failed=0,
    errors=0,
    elsewhere=0,
    evicted=0,
    missing=("acme",),
    duration_seconds=4.2,
    logos=(FOUND, MISSED),
)

STATS = CacheStats(
    enabled=True,
    directory="/logos",
    database="postgresql://logos:***@db/logos",
    entries=72,
    files=72,
    size_bytes=1_200_000,
    replaced_files=2,
    replaced_size_bytes=20_000,
    variant_files=7,
    variant_size_bytes=30_000,
    max_size_bytes=500_000_000,
    size_usage_percent=0.24,
    by_status=(
        Group(name="cached", entries=60, size_bytes=1_100_000),
        Group(name="placeholder", entries=12, size_bytes=80_000),
    ),
    by_provider=(Group(name="site", entries=60, size_bytes=1_100_000),),
    by_category=(Group(name="ecommerce", entries=5, size_bytes=90_000),),
    stale=3,
    due=4,
    failing=1,
    errors=0,
    in_progress=0,
    hits=90,
    misses=10,
    stale_hits=5,
    evictions=0,
    hit_ratio=0.9,
    requests_this_month={"site": 80},
    largest=(LargeFile(key="shopify", file="shopify_1f3a9c2e.png", size_bytes=12345),),
    oldest_fetched_at=NOW - 3 * DAY,
    newest_fetched_at=NOW - timedelta(minutes=5),
    disk_free_bytes=50_000_000_000,
    disk_total_bytes=100_000_000_000,
)

CLEARED = ClearedLogo(
    key="shopify",
    file="shopify_1f3a9c2e.png",
    size_bytes=12345,
    status=Status.CACHED,
    provider="site",
    fetched_at=NOW - 40 * DAY,
)
PLAN = ClearPlan(logos=(CLEARED,), orphans=(OrphanFile(file="stray.png", size_bytes=655),), pinned_kept=1)
EMPTY_PLAN = ClearPlan(logos=(), orphans=(), pinned_kept=0)

VERIFIED = VerifyReport(
    ok=True,
    decoded=False,
    entries=72,
    files=72,
    size_bytes=1_200_000,
    findings=(),
    repaired=0,
    duration_seconds=0.5,
)
BROKEN = VerifyReport(
    ok=False,
    decoded=False,
    entries=72,
    files=72,
    size_bytes=1_200_000,
    findings=(
        Finding(
            kind=FindingKind.WRONG_DIGEST,
            severity=Severity.ERROR,
            key="shopify",
            file="shopify_1f3a9c2e.png",
            detail="its bytes are not those that were stored",
            repair="fetched again",
        ),
        Finding(
            kind=FindingKind.MISSING_FILE, severity=Severity.ERROR, key="acme", file=None, detail="it is gone"
        ),
        Finding(
            kind=FindingKind.ORPHAN, severity=Severity.ERROR, key=None, file="stray.png", detail="no entry"
        ),
        Finding(
            kind=FindingKind.LOW_DISK, severity=Severity.WARNING, key=None, file=None, detail="90 MB are free"
        ),
    ),
    repaired=1,
    duration_seconds=0.5,
)

ICON_SETS = IconSets(
    sets=(
        IconSet(
            name="logos",
            status=IconSetStatus.USED,
            title="SVG Logos",
            author="Gil Barbara",
            licence="CC0-1.0",
            version="1.2.19",
            icons=2312,
            size_bytes=8_700_000,
            source="https://cdn.jsdelivr.net/npm/@iconify-json/logos/icons.json",
            fetched_at=NOW - 40 * DAY,
            checked_at=NOW - 10 * DAY,
            next_check_at=NOW + 20 * DAY,
        ),
        IconSet(
            name="devicon",
            status=IconSetStatus.MISSING,
            source="https://cdn.jsdelivr.net/npm/@iconify-json/devicon/icons.json",
            next_check_at=NOW + timedelta(minutes=5),
            problem="HTTP 503\x1b[31m",
        ),
    )
)
