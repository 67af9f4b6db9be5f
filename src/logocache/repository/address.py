"""Which database a URL means, and how to speak of it without its secrets."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from logocache.errors import SettingsError
from logocache.masking import SECRET_PARAMETERS, Mask, is_ambiguous

SQLITE_PREFIX = "sqlite:///"
POSTGRESQL_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
SETTING = "LOGO_CACHE_DATABASE_URL"
FORMS = "write sqlite:////path/to/file.db or postgresql://user:password@host:5432/name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the database is. `str` and `repr` show no secret."""

    url: URL = field(repr=False)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.url.database or "")

    def masked(self, message: str) -> str:
        """`message` of a driver with every secret of the URL replaced, and pieces of them."""
        parameters = self.url.normalized_query
        secrets = [secret for name in SECRET_PARAMETERS for secret in parameters.get(name, ())]
        return Mask([*secrets, str(self.url.password or "")])(message)

    def __str__(self) -> str:
        if self.is_sqlite:
            return str(self.path)
        host = self.url.host or self.url.normalized_query.get("host", ("localhost",))[0]
        port = f":{self.url.port}" if self.url.port else ""
        return f"{self.url.database or ''} at {host}{port}".strip()


def parse_address(text: str) -> Address:
    """The database that `text` names. What follows `sqlite:///` is the path as it is, without escapes.

    Raises:
        SettingsError: it is no URL of a database that we can use. The message shows none of it.
    """
    if text.startswith("sqlite:"):
        return _sqlite_address(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Not chained: the library quotes parts of the URL, which may be the password's.
        raise SettingsError(f"{SETTING} is not a database URL", hint=FORMS) from None
    if url.drivername not in POSTGRESQL_SCHEMES:
        raise SettingsError(f"{SETTING} names another kind of database", hint=FORMS)
    if is_ambiguous(text):
        raise SettingsError(f"the password in {SETTING} holds @", hint="write %40 for @")
    if "=" in (url.database or ""):
        raise SettingsError(  # libpq would take it for a list of parameters, a password among them
            f"the name of the database in {SETTING} holds =", hint="write parameters behind a ?"
        )
    return Address(url=url.set(drivername="postgresql+psycopg"))


def _sqlite_address(text: str) -> Address:
    """SQLAlchemy's own parser undoes escapes in paths from version 2.1 on, and not before."""
    path = text.removeprefix(SQLITE_PREFIX)
    if path == text or "?" in path or "\0" in path:
        raise SettingsError(f"{SETTING} holds more or less than the path of a SQLite file", hint=FORMS)
    if path in {"", ":memory:"}:
        raise SettingsError(f"{SETTING} names no file, so nothing would be kept", hint=FORMS)
    return Address(url=URL.create("sqlite+pysqlite", database=path))
