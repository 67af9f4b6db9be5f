"""What is asked for one entry, as it happens: the audit trail and the results that decide."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from logocache.model import FetchAttempt, OutcomeKind
from logocache.operations.context import Context
from logocache.policy.attempts import SUCCESSES, SourceResult
from logocache.ports import Answer, FetchRequest


@dataclass(slots=True)
class RequestMemo:
    """Answers already given in this run to entries that share a domain: nothing is asked twice.

    Used by one thread. Conditional questions are told apart from plain ones.
    """

    answers: dict[tuple[str, str, str | None, str | None], Answer] = field(default_factory=dict)

    def get(self, request: FetchRequest, ask: Callable[[], Answer]) -> Answer:
        key = (request.provider, request.url, request.etag, request.last_modified)
        if key not in self.answers:
            self.answers[key] = ask()
        return self.answers[key]


class FetchLog:
    """Asks the network on behalf of one entry, and writes down what came of it."""

    def __init__(self, context: Context, key: str, memo: RequestMemo) -> None:
        """The entry's share of time begins now."""
        self._key = key
        self._fetcher = context.fetcher()
        self._memo = memo
        self._faults = context.faults
        self._clock = context.clock
        self.deadline = context.monotonic() + context.settings.logo_timeout_seconds
        self.gave_up = False
        """A picture took all that this entry may take: nothing more is asked for it in this run."""
        self.stored: str | None = None
        """The digest of the real logo that the entry has."""
        self.attempts: list[FetchAttempt] = []
        self.results: list[SourceResult] = []

    def fetch(self, request: FetchRequest) -> Answer:
        """Ask a question of our own: it leaves no trace, for it is not about this entry."""
        return self._fetcher.fetch(request, deadline=self.deadline)

    def ask(self, request: FetchRequest) -> Answer:
        """Ask for a document; a success adds no result, for it says nothing about a logo yet."""
        answer = self._memo.get(request, lambda: self._fetcher.fetch(request, deadline=self.deadline))
        self._write(request.provider, answer, answer.kind, answer.reason)
        if answer.kind not in SUCCESSES:
            self._add_result(request.provider, answer, answer.kind, answer.reason)
        return answer

    def correct(self, provider: str, answer: Answer, kind: OutcomeKind, reason: str) -> None:
        """The answer to the last question, or an image at hand, was worth less than its status said."""
        if self.attempts and self.attempts[-1].url == answer.url:
            self.attempts[-1] = replace(self.attempts[-1], outcome=kind, reason=reason)
        else:
            self._write(provider, answer, kind, reason)
        self._add_result(provider, answer, kind, reason)

    def note(self, provider: str, kind: OutcomeKind, reason: str) -> None:
        """A result that needed no question."""
        self.results.append(SourceResult(provider=provider, kind=kind, reason=reason))

    @contextmanager
    def step(self, provider: str) -> Iterator[None]:
        """One step of a source: what it raises is a result of that source, and others go on.

        Raises UnavailableError for what the surroundings do.
        """
        asked = len(self.attempts)
        try:
            yield
        except Exception as error:  # noqa: BLE001  # a mistake at one source costs no more than that
            result = self._faults.result_of(error, key=self._key, provider=provider)
            self.results.append(result)
            if len(self.attempts) > asked and self.attempts[-1].outcome in SUCCESSES:
                last = self.attempts[-1]
                self.attempts[-1] = replace(last, outcome=result.kind, reason=result.reason)

    def _write(self, provider: str, answer: Answer, kind: OutcomeKind, reason: str) -> None:
        self.attempts.append(
            FetchAttempt(
                key=self._key,
                provider=provider,
                url=answer.url,
                at=self._clock(),
                duration=answer.duration,
                outcome=kind,
                status=answer.status,
                bytes=len(answer.body),
                reason=reason,
            )
        )

    def _add_result(self, provider: str, answer: Answer, kind: OutcomeKind, reason: str) -> None:
        self.results.append(
            SourceResult(provider=provider, kind=kind, reason=reason, retry_at=answer.retry_at)
        )
