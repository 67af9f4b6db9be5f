"""How long work tells that it goes on."""

from typing import Protocol


class Progress(Protocol):
    """Told by one thread: first `start`, then an `advance` for each step, in no fixed order."""

    def start(self, total: int) -> None: ...

    def advance(self, label: str) -> None:
        """One step is done; `label` says which, for people."""
        ...


class Silent:
    """Progress that nobody watches: the default."""

    def start(self, total: int) -> None: ...

    def advance(self, label: str) -> None: ...
