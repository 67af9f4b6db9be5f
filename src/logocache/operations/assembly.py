"""The operations of one cache, each with the settings it obeys."""

from logocache.operations.clearing import Clearing
from logocache.operations.fetching import Fetching
from logocache.operations.identity import Identity
from logocache.operations.inspection import Inspector, Limits
from logocache.operations.mending import Mender
from logocache.operations.on_demand import OnDemand
from logocache.operations.parts import Parts
from logocache.operations.recovery import Recovery
from logocache.operations.rules import FetchRules
from logocache.operations.saving import Saver, SavingRules
from logocache.operations.search import SearchRules
from logocache.operations.shelf import Shelf
from logocache.operations.wellbeing import Wellbeing
from logocache.operations.workshop import Workshop
from logocache.policy.attempts import AttemptRules
from logocache.settings import Settings


class Assembly:
    """Made with the cache, and cheap: engines are loaded when an operation needs them."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        min_free_disk_bytes = settings.min_free_disk_bytes
        limits = Limits(max_size_bytes=settings.max_size_bytes, min_free_disk_bytes=min_free_disk_bytes)
        rules = fetch_rules(settings)
        self.identity = Identity(parts, is_inside=settings.database_url is None)
        self.saver = Saver(parts, saving_rules(settings), self.identity)
        workshop = Workshop(parts, rules, self.saver)
        self.fetching = Fetching(parts, rules, workshop, self.saver)
        self.on_demand = OnDemand(parts, rules, workshop, self.saver, self.identity)
        self.clearing = Clearing(parts)
        self.inspector = Inspector(parts, limits)
        self.mender = Mender(parts, self.inspector)
        self.shelf = Shelf(parts, settings)
        self.recovery = Recovery(parts, self.shelf.may_admit)
        self.wellbeing = Wellbeing(
            parts,
            self.identity,
            enabled=settings.enabled,
            max_size_bytes=settings.max_size_bytes,
            min_free_disk_bytes=min_free_disk_bytes,
        )


def saving_rules(settings: Settings) -> SavingRules:
    return SavingRules(
        attempts=attempt_rules(settings),
        max_size_bytes=settings.max_size_bytes,
        replaced_retention=settings.replaced_retention,
        eviction_rest=settings.refresh_interval,
    )


def attempt_rules(settings: Settings) -> AttemptRules:
    return AttemptRules(
        refresh_interval=settings.refresh_interval,
        miss_ttl=settings.miss_ttl,
        blocked_ttl=settings.blocked_ttl,
        backoff_min=settings.backoff_min,
        backoff_max=settings.backoff_max,
    )


def fetch_rules(settings: Settings) -> FetchRules:
    return FetchRules(
        search=SearchRules(
            attempts=attempt_rules(settings),
            offline=settings.offline,
            logo_timeout=settings.logo_timeout_seconds,
        ),
        concurrency=settings.concurrency,
        audit_retention=settings.audit_retention,
    )
