"""Group commit: threads that finish together share a transaction, and its failure."""

import threading
from collections.abc import Sequence

import pytest

from harness.factories import NOW, make_record
from logocache.errors import DatabaseError
from logocache.model import Outcome, OutcomeKind
from logocache.operations.commit import GroupCommit, Saved
from logocache.operations.fetch import FetchResult
from logocache.repository.mapping import SavedFetch


class SlowCommitter:
    """Saves the first batch only once it is let; so the others pile up behind it."""

    def __init__(self, *, failure: BaseException | None = None) -> None:
        self.batches: list[list[str]] = []
        self.first_came = threading.Event()
        self.may_go_on = threading.Event()
        self._failure = failure

    def save(self, batch: Sequence[FetchResult]) -> Saved:
        self.batches.append([item.before.key for item in batch])
        if len(self.batches) == 1:
            self.first_came.set()
            assert self.may_go_on.wait(10)
        elif self._failure is not None:
            raise self._failure
        return Saved(fetches=tuple(item.fetch for item in batch))


def finished(key: str) -> FetchResult:
    outcome = Outcome(kind=OutcomeKind.FOUND, next_attempt_at=NOW)
    return FetchResult(before=make_record(key), fetch=SavedFetch(record=make_record(key), outcome=outcome))


def run_together(committer: SlowCommitter, keys: Sequence[str]) -> dict[str, Saved | BaseException]:
    """Save `first`, and while that goes on all `keys`; what each came to."""
    group = GroupCommit(committer)  # type: ignore[arg-type]  # the one method that is used
    results: dict[str, Saved | BaseException] = {}

    def save(key: str) -> None:
        try:
            results[key] = group.save(finished(key))
        except BaseException as error:  # noqa: BLE001  # whatever it is
            results[key] = error

    first = threading.Thread(target=save, args=["first"])
    first.start()
    assert committer.first_came.wait(10)
    others = [threading.Thread(target=save, args=[key]) for key in keys]
    for thread in others:
        thread.start()
    while len(group._waiting) < len(keys):
        threading.Event().wait(0.001)
    committer.may_go_on.set()
    for thread in (first, *others):
        thread.join(10)
    return results


def test_who_waits_is_saved_in_one_batch() -> None:
    committer = SlowCommitter()
    results = run_together(committer, ["a", "b", "c"])
    assert committer.batches[0] == ["first"]
    assert sorted(committer.batches[1]) == ["a", "b", "c"]
    assert len(committer.batches) == 2
    assert all(isinstance(result, Saved) for result in results.values())


@pytest.mark.parametrize(
    "failure",
    [DatabaseError("the database is away", hint="wait"), KeyboardInterrupt()],
    ids=["the database", "an interruption"],
)
def test_a_failure_reaches_each_who_shared_the_batch(failure: BaseException) -> None:
    """Also one that is no Exception: else those who wait would take their entries for saved."""
    results = run_together(SlowCommitter(failure=failure), ["a", "b"])
    assert isinstance(results["first"], Saved)
    assert results["a"] is failure
    assert results["b"] is failure


@pytest.mark.parametrize("key", ["alone"])
def test_one_alone_is_saved_at_once(key: str) -> None:
    committer = SlowCommitter()
    committer.may_go_on.set()
    group = GroupCommit(committer)  # type: ignore[arg-type]  # the one method that is used
    assert [fetch.record.key for fetch in group.save(finished(key)).fetches] == [key]
