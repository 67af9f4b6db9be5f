"""Search for one logo: ask the chain of sources and choose the best image."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from logocache.model import IconPurpose, ImageInfo, Integration, LogoRecord, Outcome, OutcomeKind, Status
from logocache.operations.context import Context
from logocache.operations.fetch_log import FetchLog, without_file, without_validators
from logocache.operations.judge import Judge
from logocache.policy.acceptance import (
    RECOVERED,
    Grade,
    candidates_digest,
    is_dark_form,
    is_gone_from,
    stands,
    unsettled,
    was_judged_by,
)
from logocache.policy.attempts import COULD_NOT_ASK, NO_LOGO, SUCCESSES, SourceResult, failure_of, success_of
from logocache.policy.ownership import is_strangers, stranger_of
from logocache.policy.preference import (
    Choice,
    Graded,
    Order,
    Preference,
    believed,
    better,
    graded,
    is_enough,
    settled,
)
from logocache.ports import Answer, Candidate, NormalisedImage, Provider

MOST_CANDIDATES = 16
"""Images tried for one entry and source, at most."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Result of a successful search."""

    outcome: Outcome
    choice: Choice


class Search:
    """Looks for logos. Safe to use from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._judge = Judge(context)

    def look_for(
        self, integration: Integration, record: LogoRecord, log: FetchLog, *, is_intact: bool = True
    ) -> Found | Outcome:
        """Return the best logo of the chain that may replace the stored one, or the reason why there is none.

        `is_intact` is False if the record's file is missing or damaged: its source is then asked first,
        and without validators, so that no answer only confirms the file.
        """
        known = record if is_intact else without_file(record)
        log.stored = record.file.sha256 if record.file and record.status is Status.CACHED else None
        order = Order(integration, [provider.terms.id for provider in self._context.chain()])
        best: Graded | None = None
        asked: list[str] = []
        for provider in self._providers_for(order, first=None if is_intact else record.provider):
            if best is not None and (order.highest(provider.terms.id), Grade.GOOD) <= best.rank[:2]:
                continue
            if self._context.settings.offline and provider.terms.uses_network:
                log.note(provider.terms.id, OutcomeKind.NOT_ASKED, "offline: the network is not asked")
                continue
            if log.gave_up and provider.terms.uses_network:
                continue  # one image that cannot be decoded is enough; local sources still count
            best = better(best, self._ask(provider, order, known, log))
            asked.append(provider.terms.id)
        gone = {provider for provider in asked if is_gone_from(provider, asked, log.results)}
        is_gone = record.provider in gone
        if best is None or self._must_not_replace(best, order, record, gone, log, is_intact=is_intact):
            return replace(self._failure(record, log.results), source_is_gone=is_gone)
        return Found(outcome=self._success(best.choice, known, log.results), choice=best.choice)

    @property
    def _rules(self) -> str:
        """Version of the rules by which images are judged."""
        return self._context.default_icons().version

    def keeps(self, record: LogoRecord, outcome: Outcome) -> bool:
        """True if the record of a lost file stays as it is after `outcome`."""
        return self._stands(record, is_intact=False, is_gone=outcome.source_is_gone)

    def _must_not_replace(
        self,
        best: Graded,
        order: Order,
        record: LogoRecord,
        gone: Collection[str],
        log: FetchLog,
        *,
        is_intact: bool,
    ) -> bool:
        """True if `best` is worse than a protected stored logo. What the operator chose always wins.

        `gone` are the sources that no longer have a logo. A recovered logo counts as one of the first
        other source. What another owner sends replaces nothing, even if the logo's own source is gone.
        """
        stored, provider = record.file, best.choice.terms.id
        if best.choice.image is None or stored is None or order.entry.file is not None or log.is_doubted:
            return False
        if not is_intact and record.provider not in order.chain:
            return False  # no source can ever send it again
        if log.stored_is_judged or best.preference is Preference.CHOSEN:
            return False
        if (provider, best.choice.candidate.url) == (record.provider, record.source_url):
            return False  # the source itself changed it
        if provider == record.provider and _failed(record.provider, log.results):
            return True  # of another page, or of a broken one, the source would have named another image
        source = record.provider
        if source == RECOVERED:
            source = next((provider for provider in order.chain if provider not in gone), None)
        is_gone = record.provider in gone and best.preference is not Preference.STRANGER
        return self._stands(record, is_intact=is_intact, is_gone=is_gone) and order.is_worse(
            provider, best.preference, best.grade, stored=stored, source=source
        )

    def _stands(self, record: LogoRecord, *, is_intact: bool, is_gone: bool) -> bool:
        interval = self._context.settings.refresh_interval
        return stands(
            record, is_intact=is_intact, is_gone=is_gone, now=self._context.clock(), refresh_interval=interval
        )

    def _providers_for(self, order: Order, *, first: str | None) -> Sequence[Provider]:
        """The chain by preference, with provider `first` in front. An operator's file is the only source."""
        if order.entry.file is not None:
            return (self._context.own_file(),)
        return sorted(
            self._context.chain(),
            key=lambda provider: (provider.terms.id != first, -order.highest(provider.terms.id)),
        )

    def _failure(self, record: LogoRecord, results: Sequence[SourceResult]) -> Outcome:
        return failure_of(
            results,
            now=self._context.clock(),
            failures=record.failure_count,
            rules=self._context.attempt_rules,
            jitter=self._context.random(),
            offline=self._context.settings.offline,
        )

    def _success(self, choice: Choice, record: LogoRecord, results: Sequence[SourceResult]) -> Outcome:
        same = choice.image is None or (
            record.status is Status.CACHED
            and record.file is not None
            and record.file.sha256 == choice.image.sha256
        )
        return success_of(
            OutcomeKind.UNCHANGED if same else OutcomeKind.FOUND,
            choice.terms.id,
            [
                result
                for result in results
                if result.provider != choice.terms.id or choice.candidate.purpose is IconPurpose.UNNAMED
            ],
            now=self._context.clock(),
            rules=self._context.attempt_rules,
            offline=self._context.settings.offline,
        )

    def _ask(self, provider: Provider, order: Order, record: LogoRecord, log: FetchLog) -> Graded | None:
        """The best usable image of one source."""
        before = len(log.results)
        candidates: Sequence[Candidate] = ()
        with log.step(provider.terms.id):
            candidates = provider.candidates(order.entry, log.ask)[:MOST_CANDIDATES]
        if not candidates and len(log.results) == before:
            log.note(provider.terms.id, OutcomeKind.NOT_FOUND, f"{provider.terms.id} has no logo")
        if provider.terms.id == record.provider and record.source_url and _answered(record.provider, log):
            log.stored_is_judged |= is_strangers(record.source_url, candidates, order.entry)
        digest = candidates_digest(candidates, rules=self._rules)
        dark = [candidate for candidate in candidates if candidate.purpose is IconPurpose.DARK]
        candidates = [candidate for candidate in candidates if candidate not in dark]
        dark = [candidate for candidate in dark if stranger_of(candidate, candidate.url, order.entry) is None]
        if dark and digest != record.candidates_digest:
            record = without_validators(record)  # a confirmation would bring no form for dark pages
        confirmed = settled(candidates, digest, provider.terms, record)
        best: Graded | None = None
        for candidate in (*confirmed, *(other for other in candidates if other not in confirmed)):
            if best is not None and candidate.purpose is IconPurpose.UNNAMED:
                continue
            with log.step(provider.terms.id):
                found = self._try(provider, candidate, order, record, log)
                best = better(best, found)
            waiting = candidates[candidates.index(candidate) + 1 :]
            is_settled = candidate in confirmed and not log.is_doubted
            if log.gave_up or (best is not None and (is_settled or is_enough(best, waiting))):
                break
        if best is None:
            return None
        if any(result.kind not in NO_LOGO for result in log.results[before:]):
            digest = unsettled(self._rules)
        best = replace(best, choice=replace(best.choice, candidates_digest=digest))
        return self._with_dark(best, dark, provider, order.entry, record, log)

    def _with_dark(
        self,
        best: Graded,
        dark: Sequence[Candidate],
        provider: Provider,
        entry: Integration,
        record: LogoRecord,
        log: FetchLog,
    ) -> Graded:
        """`best` with the first of `dark` that can be used, if it cannot be recognised on a dark page itself.

        Failures are in the audit trail only: they say nothing about the logo.
        """
        choice, before = best.choice, len(log.results)
        if choice.image is None or choice.image.dark is not None or choice.image.source.shows_on_dark:
            return best
        for candidate in dark:
            with log.step(provider.terms.id):
                answer = _answer(provider, candidate, record, log, rules=self._rules)
                found = self._judge.image(answer, provider, entry, log) if answer.body else None
                if isinstance(found, NormalisedImage) and is_dark_form(found, choice.image):
                    choice = replace(choice, image=replace(choice.image, dark=found.png))
                    break
        if any(result.kind not in NO_LOGO for result in log.results[before:]):
            choice = replace(choice, etag=None, last_modified=None)
        del log.results[before:]
        return replace(best, choice=choice)

    def _try(
        self,
        provider: Provider,
        candidate: Candidate,
        order: Order,
        record: LogoRecord,
        log: FetchLog,
    ) -> Graded | None:
        terms = provider.terms
        answer = _answer(provider, candidate, record, log, rules=self._rules)
        if answer.kind not in SUCCESSES:
            return None
        stranger = stranger_of(candidate, answer.url, order.entry)
        if stranger is not None:
            kind = OutcomeKind.PLACEHOLDER if stranger.sells_domains else answer.kind
            log.correct(terms.id, answer, kind, stranger.reason)
            if stranger.sells_domains:
                is_stored = (terms.id, candidate.url) == (record.provider, record.source_url)
                log.is_doubted |= is_stored and _answered(terms.id, log)
                return None
        is_sure = stranger is None or _answered(terms.id, log)
        if answer.kind is OutcomeKind.UNCHANGED and record.file is not None:
            log.stored_is_judged |= is_sure
            flaw = self._judge.flaw_of_stored(record.file.sha256, provider, order.entry, log)
            if flaw is not None:
                log.correct(terms.id, answer, answer.kind, flaw)
            stored = ImageInfo(format="png", width=record.file.width, height=record.file.height)
            return graded(candidate, terms, None, stored, answer, order, stranger, flaw=flaw)
        image = self._judge.image(answer, provider, order.entry, log)
        if isinstance(image, NormalisedImage):
            is_stored = (terms.id, image.sha256) == (record.provider, log.stored)
            log.stored_is_judged |= is_stored and is_sure
            found = graded(candidate, terms, image, image.source, answer, order, stranger, flaw=image.flaw)
            if order.entry.file is not None:
                found = _own(found, order.entry)
            if found.grade is not Grade.UNUSABLE:
                if image.flaw is not None:
                    log.correct(terms.id, answer, OutcomeKind.FOUND, image.flaw)
                return found
            size = f"{image.source.width}×{image.source.height}"
            image = SourceResult(
                provider=terms.id,
                kind=OutcomeKind.INVALID_IMAGE,
                reason=f"an image of {size} pixels is not a logo",
            )
        log.correct(terms.id, answer, image.kind, image.reason)
        return None


def _own(found: Graded, entry: Integration) -> Graded:
    """The operator's own image, whatever it is; with a warning if it is small, long or cannot be seen."""
    if found.grade is not Grade.GOOD:
        pixels = {"width": found.info.width, "height": found.info.height}
        _log.warning("own_file.unusual", extra={"key": entry.key, **pixels})
    return believed(found)


def _answer(
    provider: Provider, candidate: Candidate, record: LogoRecord, log: FetchLog, *, rules: str
) -> Answer:
    """Fetch the candidate, with a conditional request if it is the stored one, chosen under these `rules`."""
    if candidate.body is not None:
        return Answer(kind=OutcomeKind.FOUND, url=candidate.url, body=candidate.body)
    request = provider.request(candidate)
    is_ours = (
        record.status is Status.CACHED
        and record.file is not None
        and was_judged_by(rules, record.candidates_digest)
    )
    if is_ours and (record.provider, record.source_url) == (provider.terms.id, candidate.url):
        request = replace(request, etag=record.etag, last_modified=record.last_modified)
    return log.ask(request)


def _answered(provider: str, log: FetchLog) -> bool:
    """True if all that `provider` was asked so far was answered: what it offers is what it has."""
    return is_gone_from(provider, [provider], log.results)


def _failed(provider: str, results: Sequence[SourceResult]) -> bool:
    """True if something of `provider` could not be asked."""
    return any(result.kind in COULD_NOT_ASK for result in results if result.provider == provider)
