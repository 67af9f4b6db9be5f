"""The exceptions of logocache.

    LogoCacheError
    ├── ConfigurationError        the caller can correct it: exit code 2
    │   ├── SettingsError             a setting's name or value
    │   ├── CatalogError              a user's own catalogue
    │   ├── ProviderError             an unknown, forbidden or ended provider
    │   ├── DomainError               not a public domain name
    │   ├── UnknownKeyError           no such logo
    │   └── SelectionError            contradictory options, or invalid values of them
    └── UnavailableError          the environment prevents the work: exit code 3
        ├── DirectoryError            the cache directory
        ├── DatabaseError             the database cannot be reached or used
        └── SchemaError               the database's schema is not the one this version reads

A missing logo is never an exception but an `Outcome` in a result; so is a bug of ours that affects one
entry (`operations.faults`).
"""

import copyreg
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

NO_THREAD = "can't start new thread"
"""Message of CPython's RuntimeError when the system starts no further thread."""


class PicklableError(Exception):
    """An exception that can be pickled and copied with all its attributes, whatever its constructor takes.

    By default Python calls the class with the message alone, which fails for any other signature and, in
    a process pool, breaks the whole pool.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]  # typeshed has it not


class LogoCacheError(PicklableError):
    """Base of all errors raised by logocache.

    `str(error)` is one line: the problem, then what to do. `code` is stable across versions and
    appears in JSON output, logs and problem documents.
    """

    code: ClassVar[str] = "error"

    def __init__(self, problem: str, *, hint: str) -> None:
        self.problem = " ".join(problem.split())
        self.hint = " ".join(hint.split())
        super().__init__(f"{self.problem}: {self.hint}")


class ConfigurationError(LogoCacheError):
    """An invalid request or configuration; nothing was done."""

    code = "configuration"


class SettingsError(ConfigurationError):
    """A setting is unknown, or its value is not allowed. Names the variable and its source."""

    code = "settings"


class CatalogError(ConfigurationError):
    """A catalogue cannot be used. Names the file, the line or entry, and the rule it breaks."""

    code = "catalog"


class ProviderError(ConfigurationError):
    """A provider is unknown, forbids storing, has ended, or lacks a setting."""

    code = "provider"


class DomainError(ConfigurationError):
    """A text is not the name of a public web host."""

    code = "domain"


class UnknownKeyError(ConfigurationError):
    """A key or domain names no logo of this cache. The hint offers the nearest known key."""

    code = "unknown_key"


class SelectionError(ConfigurationError):
    """Options contradict each other, or a value such as a duration is invalid."""

    code = "selection"


class UnavailableError(LogoCacheError):
    """The environment prevents the work."""

    code = "unavailable"


class DirectoryError(UnavailableError):
    """The cache directory is missing, not a directory, not readable, or not writable."""

    code = "directory"


class DatabaseError(UnavailableError):
    """The database cannot be reached, refused the connection, or broke it off."""

    code = "database"


class SchemaError(UnavailableError):
    """The database's schema is missing, older, or newer than this version of logocache."""

    code = "schema"


@contextmanager
def needs_extra(extra: str, what: str) -> Iterator[None]:
    """Context for the imports of `what`, whose libraries come with `logocache[extra]`.

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
    """Raise UnavailableError if `error` means that memory, threads, files or libraries are unavailable.

    Such errors may occur anywhere; limits are those of setrlimit(2) and of cgroups. A late import fails
    because the library is missing or memory is exhausted.
    """
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        problem = "this process gets no more memory"
        hint = "raise its limit (`ulimit -v`, or the container's), or lower LOGO_CACHE_CONCURRENCY"
    elif (isinstance(error, RuntimeError) and NO_THREAD in str(error)) or number == errno.EAGAIN:
        problem = "this process gets no further thread or process"
        hint = "raise its limits of processes and memory (`ulimit -u`, `ulimit -v`, or the container's), "
        hint += "or lower LOGO_CACHE_CONCURRENCY"
    elif number in {errno.EMFILE, errno.ENFILE}:
        problem = "this process may open no more files"
        hint = "raise its limit (`ulimit -n`, or the container's), or lower LOGO_CACHE_CONCURRENCY"
    elif isinstance(error, ImportError):
        problem = f"a library cannot be loaded ({error})"
        hint = "raise the limit of memory (`ulimit -v`, or the container's), or install logocache anew"
    else:
        return
    raise UnavailableError(problem, hint=hint) from error
