"""The settings that fetching obeys."""

from dataclasses import dataclass
from datetime import timedelta

from logocache.operations.search import SearchRules


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    search: SearchRules
    concurrency: int
    audit_retention: timedelta
