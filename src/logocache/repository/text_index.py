"""Index of all sequences of three characters in texts. It is optional: without it, rows are searched.

SQLite has it by FTS5, kept by triggers; PostgreSQL by pg_trgm, which knows no shorter texts. It belongs
to the table `logo`, but not to the schema: `init` makes it wherever it is missing and possible.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, column, func, select, table, text
from sqlalchemy.exc import ProgrammingError

from logocache.repository.filters import Condition, RecordFilter, matching, search_text
from logocache.repository.tables import LOGO, UNSTORABLE

LENGTH = 3
"""Characters of a sequence."""
MOST_TERMS = 500
"""Sequences that begin with a shorter text; if there are more, the text is in many entries."""
FIRST = 10_000
"""Rows that are searched before the index is used: in that many, a frequent text is found sooner."""
SELECTIVE = 10_000
"""Entries with a text; if there are more, reading the rows in order finds the first ones sooner."""
FREQUENT = 20_000
"""Entries with a text; if there are more, other conditions are met sooner without its index."""

TRIGGERS = ("logo_search_insert", "logo_search_delete", "logo_search_update")
_ADD = """INSERT INTO logo_search (rowid, search_text)
    SELECT id, new.search_text || char(10) FROM logo_number WHERE key = new.key"""
_REMOVE = """INSERT INTO logo_search (logo_search, rowid, search_text)
    SELECT 'delete', id, old.search_text || char(10) FROM logo_number WHERE key = old.key"""
_DROP_SQLITE = tuple(f"DROP TRIGGER IF EXISTS {trigger}" for trigger in TRIGGERS)
_CREATE_SQLITE = (
    *(f"DROP TABLE IF EXISTS {name}" for name in ("logo_term", "logo_search", "logo_number")),
    # Numbers of our own: VACUUM may change those that SQLite gives to rows.
    "CREATE TABLE logo_number (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)",
    """CREATE VIRTUAL TABLE logo_search USING fts5(
        search_text, content='', columnsize=0, tokenize='trigram case_sensitive 1')""",
    "CREATE VIRTUAL TABLE logo_term USING fts5vocab(logo_search, row)",
    "INSERT INTO logo_number (key) SELECT key FROM logo ORDER BY key",
    # The line feed completes the sequence of the last two characters.
    """INSERT INTO logo_search (rowid, search_text)
        SELECT id, search_text || char(10) FROM logo_number JOIN logo USING (key) ORDER BY id""",
    *(
        f"CREATE TRIGGER logo_search_{name} AFTER {event} ON logo BEGIN {work}; END"
        for name, event, work in (
            ("insert", "INSERT", f"INSERT INTO logo_number (key) VALUES (new.key); {_ADD}"),  # noqa: S608  # constants
            ("delete", "DELETE", f"{_REMOVE}; DELETE FROM logo_number WHERE key = old.key"),  # noqa: S608  # constants
            ("update", "UPDATE OF search_text", f"{_REMOVE}; {_ADD}"),
        )
    ),
)
_CREATE_POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX ix_logo_search ON logo USING gin (search_text gin_trgm_ops)",
)
_STATE_SQLITE = text(
    f"SELECT (SELECT count(*) FROM sqlite_master WHERE name IN {TRIGGERS}) = {len(TRIGGERS)},"  # noqa: S608  # constants
    " EXISTS (SELECT 1 FROM pragma_module_list WHERE name = 'fts5')"
)
_STATE_POSTGRESQL = text("""
    SELECT to_regclass('ix_logo_search') IS NOT NULL,
        EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')
        OR EXISTS (SELECT FROM pg_available_extension_versions WHERE name = 'pg_trgm'
            AND (current_setting('is_superuser')::boolean
                OR trusted AND has_database_privilege(current_database(), 'CREATE')))
""")
"""The index is there; it is possible."""

_SEARCH = table("logo_search", column("rowid"), column("logo_search"))
_NUMBER = table("logo_number", column("id"), column("key"))
_TERM = table("logo_term", column("term"))


def wants_index(connection: Connection) -> bool:
    """True if `make_index` would change something."""
    there, possible = _state(connection)
    return there != possible if _is_sqlite(connection) else possible and not there


def make_index(connection: Connection) -> None:
    """Make the index of all entries, if possible.

    Triggers that another SQLite left are dropped if this one has no FTS5: it could not write a row.
    """
    possible = _state(connection)[1]
    if _is_sqlite(connection):
        for statement in (*_DROP_SQLITE, *(_CREATE_SQLITE if possible else ())):
            connection.execute(text(statement))
    elif possible:
        with contextlib.suppress(ProgrammingError), connection.begin_nested():
            # Refused if the extension is in a schema out of sight, or the table belongs to another user.
            for statement in _CREATE_POSTGRESQL:
                connection.execute(text(statement))


def stages(
    connection: Connection,
    where: RecordFilter,
    *,
    after: str | None = None,
    limit: int | None,
    first: int = FIRST,
) -> Iterator[list[Condition]]:
    """Yield conditions of more and more matching entries, until `limit` are found in the order of keys.

    The last ones are those of all of them.
    """
    matches = matching(where)
    if where.text is None or not _is_usable(connection):
        yield matches
        return
    start = UNSTORABLE.sub("", after or "")
    keys = select(LOGO.c.key).where(LOGO.c.key > start).order_by(LOGO.c.key)
    boundary = connection.execute(keys.limit(1).offset(first)).scalar_one_or_none()
    if boundary is not None:
        yield [*matches, LOGO.c.key <= boundary]
    found = _found(connection, where) if boundary is not None else None
    is_whole = not _is_sqlite(connection) or where == RecordFilter(text=where.text)
    if found is None or not (is_whole or _count(connection, found, most=FREQUENT + 1) <= FREQUENT):
        yield matches
        return
    some = _keys(connection, found).subquery()
    query = select(some.c.key).where(some.c.key > start)
    if is_whole:
        query = query.order_by(some.c.key).limit(limit)
    yield [*_others(connection, matches), LOGO.c.key.in_(query)]


def narrowed(connection: Connection, where: RecordFilter) -> list[Condition]:
    """Return the conditions of all matching entries, for any order: by the index, unless that is slower."""
    matches = matching(where)
    found = _found(connection, where) if where.text is not None and _is_usable(connection) else None
    if found is None or _count(connection, found, most=SELECTIVE + 1) > SELECTIVE:
        return matches
    return [*_others(connection, matches), LOGO.c.key.in_(_keys(connection, found))]


def _others(connection: Connection, matches: list[Condition]) -> list[Condition]:
    """Those that `_found` does not apply: PostgreSQL would use its index for them once more."""
    return matches if _is_sqlite(connection) else []


def count(connection: Connection, where: RecordFilter, *, most: int | None) -> int:
    """Return the number of matching entries, at most `most`."""
    if not _is_sqlite(connection):
        return _count(connection, select(LOGO.c.key).where(*matching(where)), most=most)
    if where.text is not None and where == RecordFilter(text=where.text) and _is_usable(connection):
        found = _found(connection, where)
        if found is not None:
            return _count(connection, found, most=most)
    counted = 0
    for conditions in stages(connection, where, limit=most):
        counted = _count(connection, select(LOGO.c.key).where(*conditions), most=most)
        if counted == most:
            break
    return counted


def _count(connection: Connection, found: Select[Any], *, most: int | None) -> int:
    return connection.execute(select(func.count()).select_from(found.limit(most).subquery())).scalar_one()


def _found(connection: Connection, where: RecordFilter) -> Select[Any] | None:
    """Return what the index finds, on PostgreSQL by all conditions; None if it does not know the text."""
    if _is_sqlite(connection):
        phrase = _phrase(connection, where.text or "")
        return None if phrase is None else select(_SEARCH.c.rowid).where(_matches(phrase))
    if len(search_text(where.text or "")) < LENGTH:
        return None
    return select(LOGO.c.key).where(*matching(where))


def _keys(connection: Connection, found: Select[Any]) -> Select[str]:
    """The keys of what was found.

    OFFSET keeps the planner of PostgreSQL from reading other rows, in the order of what is around it.
    """
    if not _is_sqlite(connection):
        return found.offset(0)
    return found.join(_NUMBER, _NUMBER.c.id == _SEARCH.c.rowid).with_only_columns(_NUMBER.c.key)


def _matches(phrase: str) -> Condition:
    return _SEARCH.c.logo_search.bool_op("MATCH")(phrase)


def _phrase(connection: Connection, wanted: str) -> str | None:
    """Return the query of FTS5 for that text; None if the index does not know it.

    Syntax: https://www.sqlite.org/fts5.html#full_text_query_syntax.
    """
    folded = search_text(wanted)
    if not folded:
        return None
    if len(folded) >= LENGTH:
        return _quoted(folded)
    beginning = (_TERM.c.term >= folded, _TERM.c.term < folded + "\U0010ffff")
    terms = connection.execute(select(_TERM.c.term).where(*beginning).limit(MOST_TERMS + 1)).scalars().all()
    return None if len(terms) > MOST_TERMS else " OR ".join(map(_quoted, terms)) or _quoted(folded)


def _quoted(folded: str) -> str:
    return '"' + folded.replace('"', '""') + '"'


def _is_usable(connection: Connection) -> bool:
    return all(_state(connection))


def _state(connection: Connection) -> tuple[bool, bool]:
    query = _STATE_SQLITE if _is_sqlite(connection) else _STATE_POSTGRESQL
    there, possible = connection.execute(query).one()
    return bool(there), bool(possible)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
