"""The worker of one cache, and what is learnt while it works."""

import threading
from functools import cached_property

from logocache.model import Outcome, OutcomeKind
from logocache.operations.interruption import released_on_failure
from logocache.operations.parts import Parts
from logocache.operations.rules import FetchRules
from logocache.operations.saving import Saved, Saver
from logocache.operations.search import Search
from logocache.operations.stand_ins import StandIn, StandIns
from logocache.operations.work import Worker
from logocache.repository.filters import DueFilter


class Workshop:
    """Made with the cache; its engines are loaded when first needed. Safe to use from several threads."""

    def __init__(self, parts: Parts, rules: FetchRules, saver: Saver) -> None:
        self._parts = parts
        self._rules = rules
        self._saver = saver
        self._opening = threading.Lock()
        self._taken_back: set[StandIn] = set()

    @property
    def worker(self) -> Worker:
        with self._opening:  # cached_property alone would let two threads make two
            return self._worker

    def take_back(self) -> Saved:
        """Put monograms where a provider's stand-in was stored before it was found out.

        Raises DatabaseError or DirectoryError; the next call then tries again.
        """
        with self._opening:
            found_out = [each for each in self._stand_ins.learnt_late() if each not in self._taken_back]
        saved = Saved()
        for stand_in in found_out:
            saved = saved.plus(self._demote(stand_in))
            with self._opening:
                self._taken_back.add(stand_in)
        return saved

    def _demote(self, stand_in: StandIn) -> Saved:
        now = self._parts.clock()
        records = self._parts.repository.same_image(provider=stand_in.provider, sha256=stand_in.sha256)
        if not records:
            return Saved()
        keys = [record.key for record in records]
        outcome = Outcome(
            kind=OutcomeKind.PLACEHOLDER,
            next_attempt_at=now + self._rules.search.attempts.miss_ttl,
            provider=stand_in.provider,
            reason=f"the stand-in image of {stand_in.provider}",
        )
        due = DueFilter(now=now, keys=keys, forced=True)
        claimed = self._parts.repository.claim(keys, now=now, due=due)
        with released_on_failure(self._parts, claimed):
            return self._saver.save([self.worker.demote(record, outcome) for record in claimed])

    @cached_property
    def _stand_ins(self) -> StandIns:
        return StandIns(self._parts.engines.sources.images)

    @cached_property
    def _worker(self) -> Worker:
        sources = self._parts.engines.sources
        search = Search(
            sources,
            self._stand_ins,
            self._rules.search,
            self._parts.faults,
            clock=self._parts.clock,
            random=self._parts.random,
        )
        return Worker(self._parts, search, sources, self._rules.search.attempts)
