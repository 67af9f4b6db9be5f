"""Everything logocache raises on purpose, in one tree.

    LogoCacheError
    ├── ConfigurationError        the caller can mend it: exit code 2
    │   ├── SettingsError             a setting's name or value
    │   ├── CatalogError              a user's own catalogue
    │   ├── ProviderError             an unknown, forbidden or ended provider
    │   ├── DomainError               not a public domain name
    │   ├── UnknownKeyError           no such logo
    │   └── SelectionError            options that do not go together, or select nothing that exists
    └── UnavailableError          the surroundings do not let us work: exit code 3
        ├── DirectoryError            the cache directory
        ├── DatabaseError             the database cannot be reached or used
        └── SchemaError               the database's schema is not the one this version reads

A logo that could not be had is never an exception: it is an `Outcome` in a result. Nor is a mistake of
ours that one entry meets (`operations.faults`).
"""

import copyreg
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

NO_THREAD = "can't start new thread"
"""What CPython's RuntimeError says when the system gives this process no further thread."""


class PicklableError(Exception):
    """An exception that pickle and copy bring back with all its attributes, whatever its constructor takes.

    Python itself would call the class again with the message alone, which fails for every other
    signature: in a process pool, in the parent, and the whole pool breaks.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]  # typeshed has it not


class LogoCacheError(PicklableError):
    """Base of all errors raised by logocache.

    `str(error)` is one line: what is wrong, then what to do next. `code` is stable across
    versions and appears in JSON output, logs and problem documents.
    """

    code: ClassVar[str] = "error"

    def __init__(self, problem: str, *, hint: str) -> None:
        self.problem = " ".join(problem.split())
        self.hint = " ".join(hint.split())
        super().__init__(f"{self.problem}: {self.hint}")


class ConfigurationError(LogoCacheError):
    """What was asked for cannot be meant; nothing was done."""

    code = "configuration"


class SettingsError(ConfigurationError):
    """A setting is unknown, or its value is not allowed. Names the variable and its source."""

    code = "settings"


class CatalogError(ConfigurationError):
    """A catalogue cannot be used. Names the file, the line or entry, and the rule it breaks."""

    code = "catalog"


class ProviderError(ConfigurationError):
    """A provider is unknown, its terms forbid storing, its service ended, or it lacks a setting."""

    code = "provider"


class DomainError(ConfigurationError):
    """A text is not the name of a public web host."""

    code = "domain"


class UnknownKeyError(ConfigurationError):
    """A key or domain names no logo of this cache. The hint offers the nearest known key."""

    code = "unknown_key"


class SelectionError(ConfigurationError):
    """Options contradict each other, or a value such as a duration cannot be read."""

    code = "selection"


class UnavailableError(LogoCacheError):
    """The program is right but cannot work here and now."""

    code = "unavailable"


class DirectoryError(UnavailableError):
    """The cache directory is missing, not a directory, not readable, or not writable."""

    code = "directory"


class DatabaseError(UnavailableError):
    """The database cannot be reached, refused us, or broke off."""

    code = "database"


class SchemaError(UnavailableError):
    """The database's schema is missing, older, or newer than this version of logocache."""

    code = "schema"


@contextmanager
def needs_extra(extra: str, what: str) -> Iterator[None]:
    """Around the imports of `what`, whose libraries come with `logocache[extra]`.

    Raises:
        UnavailableError: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"{what} needs {error.name}, which is not installed", hint=f"pip install 'logocache[{extra}]'"
        ) from error


def raise_if_exhausted(error: BaseException) -> None:
    """Raise UnavailableError when `error` says that there is no memory, thread, file or library left for us.

    These come from anywhere, whatever was being done; limits are those of setrlimit(2) and of cgroups.
    A library that is imported when first needed fails in either way: it is missing, or finds no memory.
    """
    if isinstance(error, MemoryError) or _errno(error) == errno.ENOMEM:
        raise UnavailableError(
            "this process gets no more memory",
            hint="raise its limit (`ulimit -v`, or the container's), or lower LOGO_CACHE_CONCURRENCY",
        ) from error
    if (isinstance(error, RuntimeError) and NO_THREAD in str(error)) or _errno(error) == errno.EAGAIN:
        raise UnavailableError(
            "this process gets no further thread or process",
            hint="raise its limits of processes and memory (`ulimit -u`, `ulimit -v`, or the container's), "
            "or lower LOGO_CACHE_CONCURRENCY",
        ) from error
    if _errno(error) in {errno.EMFILE, errno.ENFILE}:
        raise UnavailableError(
            "this process may open no more files",
            hint="raise its limit (`ulimit -n`, or the container's), or lower LOGO_CACHE_CONCURRENCY",
        ) from error
    if isinstance(error, ImportError):
        raise UnavailableError(
            f"a library cannot be loaded ({error})",
            hint="raise the limit of memory (`ulimit -v`, or the container's), or install logocache anew",
        ) from error


def _errno(error: BaseException) -> int | None:
    return error.errno if isinstance(error, OSError) else None
