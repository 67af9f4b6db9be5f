"""A cache that answers from memory and remembers what it was asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from harness.results import (
    FETCHED,
    ICON_SETS,
    LISTING,
    PLAN,
    STATS,
    VERIFIED,
)
from logocache.errors import LogoCacheError
from logocache.ports import Progress
from logocache.queries import ClearSelection, FailOn, ListQuery, Variant
from logocache.results import (
    CacheStats,
    ClearPlan,
    ClearReport,
    FetchReport,
    IconSets,
    Listing,
    VerifyReport,
)
from logocache.settings import Settings

Calls = list[tuple[str, object]]
"""Operations and their details, in order. Named here, because `list` is an operation below."""


@dataclass(kw_only=True)
class FakeCache:
    """Answers with the given results; `error`, when given, is raised by every operation instead."""

    fetched: FetchReport = FETCHED
    statistics: CacheStats = STATS
    listing: Listing = LISTING
    plan: ClearPlan = PLAN
    verified: VerifyReport = VERIFIED
    sets: IconSets = ICON_SETS
    error: BaseException | None = None
    steps: int = 3
    calls: Calls = field(default_factory=list)
    settings: Settings | None = None
    closed: bool = False

    def open(self, settings: Settings) -> Self:
        """The opener to give to `run`."""
        if isinstance(self.error, LogoCacheError):
            raise self.error
        self.settings = settings
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.closed = True

    def init(self, keys: Sequence[str], *, force: bool, adopt: bool, progress: Progress) -> FetchReport:
        self._called("init", (tuple(keys), force))
        self._advance(progress)
        return self.fetched

    def refresh(
        self, keys: Sequence[str], *, force: bool, failed: bool, limit: int | None, progress: Progress
    ) -> FetchReport:
        self._called("refresh", (tuple(keys), force, failed, limit))
        self._advance(progress)
        return self.fetched

    def stats(self) -> CacheStats:
        self._called("stats", None)
        return self.statistics

    def image(self, key_or_domain: str, variant: Variant) -> bytes | None:
        self._called("image", (key_or_domain, variant))
        return None if key_or_domain == "nothing" else f"{variant.label} of {key_or_domain}".encode()

    def list(self, query: ListQuery) -> Listing:
        self._called("list", query)
        return self.listing

    def plan_clear(self, selection: ClearSelection) -> ClearPlan:
        self._called("plan_clear", selection)
        return self.plan

    def clear(self, plan: ClearPlan) -> ClearReport:
        self._called("clear", plan)
        return ClearReport(
            dry_run=False,
            logos=plan.logos,
            orphans=plan.orphans,
            strangers=plan.strangers,
            fetching=plan.fetching,
            pinned_kept=plan.pinned_kept,
            freed_bytes=plan.freed_bytes,
        )

    def icon_sets(self) -> IconSets:
        self._called("icon_sets", None)
        return self.sets

    def add_icon_set(self, source: str) -> IconSets:
        self._called("add_icon_set", source)
        return self.sets

    def remove_icon_set(self, name: str) -> IconSets:
        self._called("remove_icon_set", name)
        return self.sets

    def verify(self, *, repair: bool, decode: bool, fail_on: FailOn, progress: Progress) -> VerifyReport:
        self._called("verify", (repair, decode, fail_on))
        self._advance(progress)
        return self.verified

    def _called(self, operation: str, details: object) -> None:
        self.calls.append((operation, details))
        if self.error is not None:
            raise self.error

    def _advance(self, progress: Progress) -> None:
        progress.start(self.steps)
        for number in range(self.steps):
            progress.advance(f"logo {number}")


@dataclass(kw_only=True)
class FakeServer:
    """Remembers with which settings it was to serve; the server to give to `run`."""

    error: BaseException | None = None
    settings: Settings | None = None
    prepare: Callable[[], None] | None = None

    def __call__(
        self, settings: Settings, *, prepare: Callable[[], None], announce: Callable[[str], None]
    ) -> None:
        if self.error is not None:
            raise self.error
        self.settings = settings
        self.prepare = prepare
        prepare()
        announce("serving on http://127.0.0.1:8080 (press Ctrl-C to stop)")
