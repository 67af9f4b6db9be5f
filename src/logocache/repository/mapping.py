"""Mapping between rows and model values.

Texts from outside are cleaned and cut to their columns. Validators that do not fit are dropped, since a
cut ETag is a wrong one; identifiers that do not fit are refused.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from logocache.model import (
    FetchAttempt,
    Lease,
    LogoRecord,
    Outcome,
    OutcomeKind,
    ReplacedFile,
    Status,
    StoredFile,
    StoredForm,
)
from logocache.repository import tables
from logocache.repository.tables import AS_SOON_AS_POSSIBLE, CACHE, LOGO, cleaned, identifier, is_identifier

Values = Mapping[str, Any]
"""Values by column name. SQLAlchemy accepts and returns any type."""

LARGEST_INTEGER = 2**31 - 1
LARGEST_BIG_INTEGER = 2**63 - 1

NOT_IN_RECORDS = frozenset({"store_until", "search_text", "name_folded", "has_file", "used_at", "worth"})
RECORD_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(
    column for column in LOGO.columns if column.name not in NOT_IN_RECORDS
)
"""Columns read by `record_of`."""

FILE_COLUMNS = (
    *("file_name", "sha256", "size", "width", "height"),
    *("svg_name", "svg_sha256", "svg_size"),
    *("dark_name", "dark_sha256", "dark_size", "shows_on_dark"),
)
"""Names of the columns read by `file_of`."""

NO_FILE: Values = {
    "status": Status.PENDING,
    **dict.fromkeys(FILE_COLUMNS),
    "provider": None,
    "source_url": None,
    "licence": None,
    "attribution": None,
    "etag": None,
    "last_modified": None,
    "candidates_digest": None,
    "fetched_at": None,
    "source_gone_at": None,
}
"""Columns of an entry without a file: neither facts nor validators of one are left."""

NO_LEASE: Values = {"lease_owner": None, "lease_until": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFetch:
    """Result of one leased entry: its new record, and its audit log."""

    record: LogoRecord
    outcome: Outcome
    attempts: tuple[FetchAttempt, ...] = ()
    replaced: tuple[ReplacedFile, ...] = ()


def read_identity(connection: Connection) -> str | None:
    """Return the identity of the cache; None before the first `init`."""
    return connection.execute(select(CACHE.c.identity)).scalar_one_or_none()


def record_of(row: RowMapping) -> LogoRecord:
    """Return the entry in a row of `RECORD_COLUMNS`."""
    next_attempt_at: datetime = row["next_attempt_at"]
    return LogoRecord(
        key=row["key"],
        name=row["name"],
        domain=row["domain"],
        category=row["category"],
        origin=row["origin"],
        status=row["status"],
        pinned=row["pinned"],
        file=file_of(row),
        provider=row["provider"],
        source_url=row["source_url"],
        licence=row["licence"],
        attribution=row["attribution"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        candidates_digest=row["candidates_digest"],
        created_at=row["created_at"],
        fetched_at=row["fetched_at"],
        checked_at=row["checked_at"],
        next_attempt_at=None if next_attempt_at == AS_SOON_AS_POSSIBLE else next_attempt_at,
        last_accessed_at=row["last_accessed_at"],
        fetch_count=row["fetch_count"],
        failure_count=row["failure_count"],
        access_count=row["access_count"],
        last_outcome=row["last_outcome"],
        last_error=row["last_error"],
        source_gone_at=row["source_gone_at"],
        lease=_lease_of(row),
    )


def fetch_values(record: LogoRecord) -> Values:
    """Return the columns that fetching changes.

    Without those of registration (name, domain, category, origin, pinned, created) and accesses, which
    may have changed in the database.

    Raises:
        ValueError: status and file contradict each other, or a name or number fits no column.
    """
    if (record.file is None) is not (record.status is Status.PENDING):
        raise ValueError(f"entry {record.key!r} is {record.status} and has the file {record.file}")
    return {
        **_file_values(record.file),
        "status": record.status,
        "provider": _optional_identifier(record.provider, tables.PROVIDER_LENGTH),
        "source_url": _optional(record.source_url, tables.URL_LENGTH),
        "licence": _optional(record.licence, tables.LICENCE_LENGTH),
        "attribution": _optional(record.attribution, tables.NOTE_LENGTH),
        "etag": _validator(record.etag),
        "last_modified": _validator(record.last_modified),
        "candidates_digest": _optional_identifier(record.candidates_digest, tables.DIGEST_LENGTH),
        "fetched_at": record.fetched_at,
        "checked_at": record.checked_at,
        "next_attempt_at": record.next_attempt_at or AS_SOON_AS_POSSIBLE,
        "fetch_count": _in_range(record.fetch_count, LARGEST_BIG_INTEGER),
        "failure_count": _in_range(record.failure_count, LARGEST_BIG_INTEGER),
        "last_outcome": record.last_outcome,
        "last_error": _optional(record.last_error, tables.NOTE_LENGTH),
        "source_gone_at": record.source_gone_at,
    }


def attempt_of(row: RowMapping) -> FetchAttempt:
    return FetchAttempt(
        key=row["key"],
        provider=row["provider"],
        url=row["url"],
        at=row["at"],
        duration=row["duration"],
        outcome=OutcomeKind(row["outcome"]),
        status=row["status"],
        bytes=row["bytes"],
        reason=row["reason"],
    )


def attempt_values(attempt: FetchAttempt) -> Values:
    """Return a line of the audit log; values from a server are made to fit."""
    status = attempt.status
    return {
        "key": identifier(attempt.key, tables.KEY_LENGTH),
        "provider": identifier(attempt.provider, tables.PROVIDER_LENGTH),
        "url": cleaned(attempt.url, tables.URL_LENGTH),
        "at": attempt.at,
        "duration": attempt.duration if math.isfinite(attempt.duration) else 0.0,
        "outcome": attempt.outcome,
        "status": status if status is not None and abs(status) <= LARGEST_INTEGER else None,
        "bytes": max(0, min(attempt.bytes, LARGEST_BIG_INTEGER)),
        "reason": cleaned(attempt.reason, tables.NOTE_LENGTH),
    }


def replaced_of(row: RowMapping) -> ReplacedFile:
    return ReplacedFile(**row)


def replaced_values(replaced: ReplacedFile) -> Values:
    return {
        "name": identifier(replaced.name, tables.FILE_NAME_LENGTH),
        "key": identifier(replaced.key, tables.KEY_LENGTH),
        "size": _in_range(replaced.size, LARGEST_BIG_INTEGER),
        "sha256": identifier(replaced.sha256, tables.DIGEST_LENGTH),
        "delete_after": replaced.delete_after,
    }


def file_of(row: RowMapping) -> StoredFile | None:
    """Return the files in a row of `FILE_COLUMNS`, if it has any."""
    if row["file_name"] is None:
        return None
    return StoredFile(
        name=row["file_name"],
        sha256=row["sha256"],
        size=row["size"],
        width=row["width"],
        height=row["height"],
        svg=_form_of(row, "svg"),
        dark=_form_of(row, "dark"),
        shows_on_dark=row["shows_on_dark"],
    )


def _form_of(row: RowMapping, form: str) -> StoredForm | None:
    if row[f"{form}_name"] is None:
        return None
    return StoredForm(name=row[f"{form}_name"], sha256=row[f"{form}_sha256"], size=row[f"{form}_size"])


def _lease_of(row: RowMapping) -> Lease | None:
    if row["lease_owner"] is None or row["lease_until"] is None:
        return None
    return Lease(claim=row["lease_owner"], until=row["lease_until"])


def _file_values(file: StoredFile | None) -> Values:
    if file is None:
        return dict.fromkeys(FILE_COLUMNS)
    return {
        "file_name": identifier(file.name, tables.FILE_NAME_LENGTH),
        "sha256": identifier(file.sha256, tables.DIGEST_LENGTH),
        "size": _in_range(file.size, LARGEST_BIG_INTEGER),
        "width": _in_range(file.width, LARGEST_INTEGER),
        "height": _in_range(file.height, LARGEST_INTEGER),
        **_form_values("svg", file.svg),
        **_form_values("dark", file.dark),
        "shows_on_dark": file.shows_on_dark,
    }


def _form_values(form: str, stored: StoredForm | None) -> Values:
    if stored is None:
        return dict.fromkeys((f"{form}_name", f"{form}_sha256", f"{form}_size"))
    return {
        f"{form}_name": identifier(stored.name, tables.FILE_NAME_LENGTH),
        f"{form}_sha256": identifier(stored.sha256, tables.DIGEST_LENGTH),
        f"{form}_size": _in_range(stored.size, LARGEST_BIG_INTEGER),
    }


def _optional(text: str | None, length: int) -> str | None:
    return None if text is None else cleaned(text, length)


def _optional_identifier(text: str | None, length: int) -> str | None:
    return None if text is None else identifier(text, length)


def _validator(text: str | None) -> str | None:
    return text if text is not None and is_identifier(text, tables.VALIDATOR_LENGTH) else None


def _in_range(number: int, largest: int) -> int:
    if not 0 <= number <= largest:
        raise ValueError(f"{number} is not between 0 and {largest}")
    return number
