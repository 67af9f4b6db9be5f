"""What has to go when there is no room, and who may take whose place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from logocache.model import LogoRecord, Origin, ReplacedFile, Status


class Worth(IntEnum):
    """What a file is worth. The least goes first, and never for a file that is worth less than itself.

    So no placeholder costs a logo: it can be drawn again at any time, without asking anybody. And
    what strangers have asked for costs no logo of the catalogue.
    """

    ON_DEMAND_PLACEHOLDER = 0
    PLACEHOLDER = 1
    REPLACED = 2
    ON_DEMAND_LOGO = 3
    LOGO = 4


def worth_of(record: LogoRecord) -> Worth:
    """What the file of an entry is worth; `Unit.least_recently_used` gives entries in this order."""
    on_demand = record.origin is Origin.ON_DEMAND
    if record.status is Status.CACHED:
        return Worth.ON_DEMAND_LOGO if on_demand else Worth.LOGO
    return Worth.ON_DEMAND_PLACEHOLDER if on_demand else Worth.PLACEHOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A file that is to be stored."""

    key: str
    size: int
    worth: Worth


@dataclass(frozen=True, slots=True, kw_only=True)
class EvictionPlan:
    """What to take away, and for which newcomers there is no room all the same."""

    replaced: tuple[ReplacedFile, ...] = ()
    logos: tuple[LogoRecord, ...] = ()
    refused: frozenset[str] = frozenset()
    """Keys of newcomers."""
    short_by: int = 0
    """Bytes over the limit although everything has gone that may go."""


def plan_eviction(
    *,
    room: int,
    newcomers: Iterable[Newcomer],
    replaced: Iterable[ReplacedFile],
    logos: Iterable[LogoRecord],
) -> EvictionPlan:
    """Who has to go, so that the limit holds and as many newcomers as possible find room.

    `room` is what is free under the limit; below zero it is made up for first, at anybody's cost.
    `replaced` and `logos` come in the order in which they go, the latter in that of their worth; no
    more of them is read than is needed. The newcomers that are worth most are served first, among
    equals the smallest. One that does not fit takes nothing away.
    """
    queue = _Queue(_in_order(replaced, logos))
    room = queue.make_room(room, 0, Worth.LOGO)
    short_by = max(-room, 0)
    refused = set()
    for newcomer in sorted(newcomers, key=lambda each: (-each.worth, each.size)):
        freed = queue.make_room(room, newcomer.size, newcomer.worth)
        if freed < newcomer.size:
            refused.add(newcomer.key)
        else:
            room = freed - newcomer.size
    return EvictionPlan(
        replaced=tuple(each for each in queue.taken if isinstance(each, ReplacedFile)),
        logos=tuple(each for each in queue.taken if isinstance(each, LogoRecord)),
        refused=frozenset(refused),
        short_by=short_by,
    )


Victim = ReplacedFile | LogoRecord


class _Queue:
    """Those who may have to go, in order. They are read one by one, and only when it comes to that."""

    def __init__(self, victims: Iterator[Victim]) -> None:
        self._victims = victims
        self._looked_at: list[Victim] = []
        """Read, and spared so far."""
        self.taken: list[Victim] = []

    def make_room(self, room: int, wanted: int, worth: Worth) -> int:
        """The room after taking from the front until it is `wanted`; unchanged when it cannot be.

        Nobody is taken who is worth more than `worth`. For room below zero all is taken that there is.
        """
        count, freed = 0, room
        while freed < wanted and (victim := self._at(count)) is not None and _worth(victim) <= worth:
            freed += _size(victim)
            count += 1
        if freed < wanted and room >= 0:
            return room
        self.taken += self._looked_at[:count]
        del self._looked_at[:count]
        return freed

    def _at(self, position: int) -> Victim | None:
        if position == len(self._looked_at):
            victim = next(self._victims, None)
            if victim is None:
                return None
            self._looked_at.append(victim)
        return self._looked_at[position]


def _in_order(replaced: Iterable[ReplacedFile], logos: Iterable[LogoRecord]) -> Iterator[Victim]:
    """Placeholders, replaced files, logos."""
    rest = iter(logos)
    for record in rest:
        if worth_of(record) > Worth.REPLACED:
            yield from replaced
            yield record
            yield from rest
            return
        yield record
    yield from replaced


def _worth(victim: Victim) -> Worth:
    return Worth.REPLACED if isinstance(victim, ReplacedFile) else worth_of(victim)


def _size(victim: Victim) -> int:
    if isinstance(victim, ReplacedFile):
        return victim.size
    return victim.file.size if victim.file is not None else 0
