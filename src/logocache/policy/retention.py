"""What has to go when there is no room."""

from collections.abc import Sequence
from dataclasses import dataclass

from logocache.model import LogoRecord
from logocache.ports.repository import ReplacedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class EvictionPlan:
    """What to take away, and how many bytes are still over the limit afterwards."""

    replaced: tuple[ReplacedFile, ...] = ()
    logos: tuple[LogoRecord, ...] = ()
    short_by: int = 0


def plan_eviction(
    *, excess: int, replaced: Sequence[ReplacedFile], logos: Sequence[LogoRecord]
) -> EvictionPlan:
    """Free at least `excess` bytes: replaced files first, then logos, each in the order given.

    Takes no more than is needed; takes nothing when `excess` is not positive.
    """
    chosen_replaced: list[ReplacedFile] = []
    chosen_logos: list[LogoRecord] = []
    for old in replaced:
        if excess <= 0:
            break
        chosen_replaced.append(old)
        excess -= old.size
    for record in logos:
        if excess <= 0:
            break
        chosen_logos.append(record)
        excess -= record.file.size if record.file else 0
    return EvictionPlan(replaced=tuple(chosen_replaced), logos=tuple(chosen_logos), short_by=max(excess, 0))
