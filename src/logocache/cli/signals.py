"""Signals that ask the program to end, turned into an orderly exit."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C (SIGINT) is not here: Python raises KeyboardInterrupt for it."""


class EndingSignal(SystemExit):
    """Raised in the main thread, so that every `with` on the way out cleans up: leases are released."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number
        super().__init__(self.exit_code)

    def __reduce__(self) -> tuple[Any, ...]:
        """Made again from the signal: SystemExit keeps its code where only its constructor can put it."""
        return type(self), (self.number,), self.__dict__


@contextmanager
def raised_as_exits() -> Iterator[None]:
    """While it lasts, an ending signal raises `EndingSignal`. Ignored signals, as under nohup, stay so."""
    heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    earlier = {number: signal.signal(number, _raise) for number in heeded}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _raise(number: int, _frame: FrameType | None) -> None:
    # A second signal must not break the clean-up that the first one began.
    signal.signal(number, signal.SIG_IGN)
    raise EndingSignal(number)
