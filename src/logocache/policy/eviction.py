"""Rules of eviction: which files are deleted to make room, and for which new ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from logocache.model import LogoRecord, Origin, ReplacedFile, Status, StoredFile


class Worth(IntEnum):
    """Worth of a file. The least is evicted first, and never for a file that is worth less.

    So a placeholder, which can be drawn again without the network, never evicts a logo, and an entry
    made on demand never evicts a logo of the catalogue.
    """

    ON_DEMAND_PLACEHOLDER = 0
    PLACEHOLDER = 1
    REPLACED = 2
    ON_DEMAND_LOGO = 3
    LOGO = 4


def worth_of(record: LogoRecord) -> Worth:
    """Worth of an entry's file; the database computes it, too, and sorts entries by it."""
    on_demand = record.origin is Origin.ON_DEMAND
    if record.status is Status.CACHED:
        return Worth.ON_DEMAND_LOGO if on_demand else Worth.LOGO
    return Worth.ON_DEMAND_PLACEHOLDER if on_demand else Worth.PLACEHOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLogo:
    """The current files of an entry."""

    key: str
    file: StoredFile
    worth: Worth

    @property
    def size(self) -> int:
        """Bytes of all its forms."""
        return self.file.total_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A new file to be stored; `size` is in bytes."""

    key: str
    size: int
    worth: Worth


@dataclass(frozen=True, slots=True, kw_only=True)
class EvictionPlan:
    """Files to evict, and newcomers for which there is still no room."""

    replaced: tuple[ReplacedFile, ...] = ()
    logos: tuple[StoredLogo, ...] = ()
    refused: frozenset[str] = frozenset()
    """Keys of newcomers."""
    short_by: int = 0
    """Bytes over the limit after evicting all that may be evicted."""


def plan_eviction(
    *,
    room: int,
    newcomers: Iterable[Newcomer],
    replaced: Iterable[ReplacedFile],
    logos: Iterable[StoredLogo],
) -> EvictionPlan:
    """Plan evictions so that the limit holds and as many newcomers as possible fit.

    `room` is the free bytes under the limit; if negative, files of any worth are evicted first until
    it is zero. `replaced` and `logos` come in the order of eviction, `logos` sorted by worth; they are
    read only as far as needed. Newcomers are admitted by worth, then the smallest first. One that does
    not fit evicts nothing.
    """
    queue = _Queue(_in_order(replaced, logos))
    room = queue.make_room(room, 0, Worth.LOGO)
    short_by = max(-room, 0)
    refused = set()
    for newcomer in sorted(newcomers, key=lambda newcomer: (-newcomer.worth, newcomer.size)):
        freed = queue.make_room(room, newcomer.size, newcomer.worth)
        if freed < newcomer.size:
            refused.add(newcomer.key)
        else:
            room = freed - newcomer.size
    return EvictionPlan(
        replaced=tuple(victim for victim in queue.taken if isinstance(victim, ReplacedFile)),
        logos=tuple(victim for victim in queue.taken if isinstance(victim, StoredLogo)),
        refused=frozenset(refused),
        short_by=short_by,
    )


Victim = ReplacedFile | StoredLogo


class _Queue:
    """Candidates for eviction, in order. They are read one by one, as needed."""

    def __init__(self, victims: Iterator[Victim]) -> None:
        self._victims = victims
        self._looked_at: list[Victim] = []
        """Read, but not evicted so far."""
        self.taken: list[Victim] = []

    def make_room(self, room: int, wanted: int, worth: Worth) -> int:
        """Room after evicting from the front until it reaches `wanted`; unchanged if it cannot.

        Files worth more than `worth` are spared. If `room` is negative, all others are evicted even
        when they do not suffice.
        """
        count, freed = 0, room
        while freed < wanted and (victim := self._at(count)) is not None and _worth(victim) <= worth:
            freed += victim.size
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


def _in_order(replaced: Iterable[ReplacedFile], logos: Iterable[StoredLogo]) -> Iterator[Victim]:
    """Placeholders, replaced files, logos."""
    rest = iter(logos)
    for logo in rest:
        if logo.worth > Worth.REPLACED:
            yield from replaced
            yield logo
            yield from rest
            return
        yield logo
    yield from replaced


def _worth(victim: Victim) -> Worth:
    return Worth.REPLACED if isinstance(victim, ReplacedFile) else victim.worth
