"""Threads that come together share a statement or transaction, and its failure."""

import threading
from collections.abc import Sequence

import pytest

from logocache.errors import DatabaseError
from logocache.repository.batching import Batcher


class Slow:
    """Answers the first batch only once it is let; so the others pile up behind it."""

    def __init__(self, *, failure: BaseException | None = None) -> None:
        self.batches: list[list[str]] = []
        self.first_came = threading.Event()
        self.may_go_on = threading.Event()
        self._failure = failure

    def answer(self, batch: Sequence[str]) -> Sequence[str]:
        self.batches.append(list(batch))
        if len(self.batches) == 1:
            self.first_came.set()
            assert self.may_go_on.wait(10)
        elif self._failure is not None:
            raise self._failure
        return [question.upper() for question in batch]


def ask_together(slow: Slow, questions: Sequence[str]) -> dict[str, str | BaseException]:
    """Ask `first`, and while that goes on all others; the answer to each, or the error."""
    batcher = Batcher(slow.answer)
    results: dict[str, str | BaseException] = {}

    def ask(question: str) -> None:
        try:
            results[question] = batcher.ask(question)
        except BaseException as error:  # noqa: BLE001  # whatever it is
            results[question] = error

    first = threading.Thread(target=ask, args=["first"])
    first.start()
    assert slow.first_came.wait(10)
    others = [threading.Thread(target=ask, args=[question]) for question in questions]
    for thread in others:
        thread.start()
    while len(batcher._waiting) < len(questions):
        threading.Event().wait(0.001)
    slow.may_go_on.set()
    for thread in (first, *others):
        thread.join(10)
    return results


def test_who_waits_is_answered_in_one_batch() -> None:
    slow = Slow()
    results = ask_together(slow, ["a", "b", "c"])
    assert [sorted(batch) for batch in slow.batches] == [["first"], ["a", "b", "c"]]
    assert results == {"first": "FIRST", "a": "A", "b": "B", "c": "C"}


@pytest.mark.parametrize(
    "failure",
    [DatabaseError("the database is away", hint="wait"), KeyboardInterrupt()],
    ids=["the database", "an interruption"],
)
def test_a_failure_reaches_each_who_shared_the_batch(failure: BaseException) -> None:
    """Also one that is no Exception: else those who wait would take their entries for saved."""
    results = ask_together(Slow(failure=failure), ["a", "b"])
    assert results == {"first": "FIRST", "a": failure, "b": failure}


def test_one_alone_is_answered_at_once() -> None:
    slow = Slow()
    slow.may_go_on.set()
    assert Batcher(slow.answer).ask("alone") == "ALONE"
