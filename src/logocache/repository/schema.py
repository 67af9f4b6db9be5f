"""Version and migration of the database schema."""

from enum import Enum, auto
from pathlib import Path
from typing import assert_never

from sqlalchemy import Connection, inspect, text

from logocache.errors import SchemaError
from logocache.repository.database import Database
from logocache.repository.engine import SETTING
from logocache.repository.tables import METADATA
from logocache.repository.text_index import make_index, wants_index

SCHEMA_VERSION = "0005"
"""Newest revision in migrations/versions. Revisions are consecutive numbers of four digits."""

VERSION_TABLE = "alembic_version"
MIGRATIONS = Path(__file__).with_name("migrations")
OWN_DATABASE = f"give logocache a database of its own with {SETTING}"


class SchemaState(Enum):
    """State of the database's schema for this version of the program."""

    EMPTY = auto()
    OLDER = auto()
    CURRENT = auto()
    NEWER = auto()
    INCOMPLETE = auto()
    """The right version, but tables are missing."""
    FOREIGN = auto()
    """Tables that are not ours."""


def check_schema(database: Database) -> None:
    """Raise `SchemaError` unless the schema is that of this version."""
    with database.look_up() as connection:
        state = state_of(connection)
    match state:
        case SchemaState.CURRENT:
            return
        case SchemaState.EMPTY:
            raise SchemaError(f"the database {database.address} is empty", hint="run `logocache init`")
        case SchemaState.OLDER:
            raise SchemaError(
                f"the database {database.address} belongs to an older logocache", hint="run `logocache init`"
            )
        case SchemaState.NEWER | SchemaState.INCOMPLETE | SchemaState.FOREIGN:
            raise _not_upgradable(state, database)
        case _:
            assert_never(state)


def migrate(database: Database) -> bool:
    """Bring the schema to this version, with the index for searching; return True if it changed.

    Migrates in one write transaction; other processes wait for it. Raises `SchemaError` for a database
    that is newer, incomplete or not ours.
    """
    database.start_over()
    with database.read() as connection:
        if not _wants_upgrade(state_of(connection), database) and not wants_index(connection):
            return False
    with database.write(unhurried=True) as connection:
        if changes := _wants_upgrade(state_of(connection), database):  # or another process was quicker
            upgrade(connection)
        if wants_index(connection):
            make_index(connection)
            changes = True
    return changes


def state_of(connection: Connection) -> SchemaState:
    """Read the state with two short queries, without Alembic, which is slow to import."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return SchemaState.EMPTY
    if VERSION_TABLE not in tables:
        return SchemaState.FOREIGN
    versions = list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    if len(versions) != 1 or not _is_revision(versions[0]):
        return SchemaState.FOREIGN
    if versions[0] != SCHEMA_VERSION:
        return SchemaState.OLDER if versions[0] < SCHEMA_VERSION else SchemaState.NEWER
    return SchemaState.CURRENT if METADATA.tables.keys() <= tables else SchemaState.INCOMPLETE


def upgrade(connection: Connection, *, to: str = "head") -> None:
    """Run missing migrations up to that revision, in the transaction of `connection`.

    Raises:
        SchemaError: the database has a version that is not ours.
    """
    # Alembic takes 270 ms to import, and is rarely needed.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    try:
        command.upgrade(config, to)
    except CommandError as error:
        raise SchemaError(
            f"the database cannot be brought up to date ({error})", hint=OWN_DATABASE
        ) from error


def _is_revision(version: str) -> bool:
    return len(version) == len(SCHEMA_VERSION) and version.isdecimal()


def _wants_upgrade(state: SchemaState, database: Database) -> bool:
    if state in {SchemaState.NEWER, SchemaState.INCOMPLETE, SchemaState.FOREIGN}:
        raise _not_upgradable(state, database)
    return state is not SchemaState.CURRENT


def _not_upgradable(state: SchemaState, database: Database) -> SchemaError:
    """The error for a database that `init` cannot upgrade."""
    if state is SchemaState.NEWER:
        return SchemaError(
            f"the database {database.address} belongs to a newer logocache", hint="upgrade the program"
        )
    if state is SchemaState.INCOMPLETE:
        return SchemaError(
            f"the database {database.address} lacks tables of its version",
            hint="restore it from a backup, or empty it and run `logocache init`",
        )
    return SchemaError(
        f"the database {database.address} holds the tables of another program",
        hint=OWN_DATABASE,
    )
