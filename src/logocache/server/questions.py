"""What is asked of the logo routes, and what is answered, apart from HTTP."""

from dataclasses import dataclass, field
from enum import StrEnum

from logocache.errors import PicklableError
from logocache.server.bodies import Body
from logocache.variant import Variant


class Fallback(StrEnum):
    """What to answer when there is no logo."""

    NOT_FOUND = "404"
    MONOGRAM = "monogram"


class CacheState(StrEnum):
    """Where an answer came from: the `X-Cache` header."""

    HIT = "HIT"
    STALE = "STALE"
    """Older than LOGO_REFRESH_INTERVAL_DAYS; its refresh is under way or was tried."""
    MISS = "MISS"
    """It was fetched for this request."""
    PLACEHOLDER = "PLACEHOLDER"


@dataclass(frozen=True, slots=True)
class LogoQuestion:
    """A logo by the name of its entry: key, alias or domain."""

    name: str
    variant: Variant = field(default_factory=Variant)
    fallback: Fallback = Fallback.MONOGRAM


@dataclass(frozen=True, slots=True)
class FileQuestion:
    """A file by its own name."""

    file: str


Question = LogoQuestion | FileQuestion


@dataclass(frozen=True, slots=True)
class Served:
    """A logo to send."""

    body: Body
    state: CacheState
    max_age: int
    """Seconds for which the client need not ask again."""
    is_immutable: bool = False
    """The address stands for these bytes for ever."""


class NoLogoError(Exception):
    """There is no logo, and no stand-in is wanted."""


class BusyError(PicklableError):
    """There may be a logo, but not now. `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class TooManyMissesError(PicklableError):
    """The client has caused more fetches than it may. `retry_after` is in seconds."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("too many logos that had to be fetched")
        self.retry_after = retry_after


class DisabledError(Exception):
    """LOGO_CACHE_ENABLED is false."""


class MovedError(Exception):
    """The file is no longer there; its entry has another one now."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file
