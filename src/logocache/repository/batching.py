"""One statement or transaction for all threads that wait for it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Turn(Generic[Question, Answer]):
    question: Question
    answers: tuple[Answer, ...] = ()
    error: BaseException | None = None


class Batcher(Generic[Question, Answer]):
    """Answers the questions of all waiting threads at once. Safe to use from several threads.

    `answer` is called by one thread at a time, and returns as many answers as it gets questions.
    """

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        self._answer = answer
        self._waiting: list[_Turn[Question, Answer]] = []
        self._joining = threading.Lock()
        self._answering = threading.Lock()

    def ask(self, question: Question) -> Answer:
        """Return the answer once this or another thread has it; raise what getting it raised."""
        turn = _Turn[Question, Answer](question)
        with self._joining:
            self._waiting.append(turn)
        with self._answering:
            if not turn.answers and turn.error is None:
                self._answer_waiting()
        if turn.error is not None:
            raise turn.error
        return turn.answers[0]

    def _answer_waiting(self) -> None:
        with self._joining:
            turns, self._waiting = self._waiting, []
        try:
            answers = self._answer([turn.question for turn in turns])
        except BaseException as error:  # noqa: BLE001  # every waiting thread raises it
            for turn in turns:
                turn.error = error
        else:
            for turn, answer in zip(turns, answers, strict=True):
                turn.answers = (answer,)
