"""PostgreSQL engines, with time limits.

A hanging server or a silent network never closes a connection. So each statement has a time limit on
both sides: the server ends it, or else we close the connection, which frees its thread.
"""

from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, create_engine, event

from logocache.repository.engine import UNHURRIED, WRITES, Address, Pool

WRITER_LOCK = 0x6C6F676F  # "logo"
"""Advisory lock of writers, within one PostgreSQL database."""
GRACE_SECONDS = 1.0
"""We wait longer than the server, whose error has a better reason."""

PING_SECONDS = 1.0
"""Limit for an idle connection's liveness check; a new connection costs little."""

PARAMETERS = {
    "application_name": "logocache",
    # Notice a lost server within half a minute, not after hours.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    # Behind PgBouncer, transactions use any server connection: prepared statements would be missing.
    "prepare_threshold": None,
}
"""Parameters of libpq and psycopg; those in the URL take precedence."""


class PatientConnection(psycopg.Connection[Any]):  # `Any`: as psycopg types its rows
    """Waits at most `patience` seconds for a statement (None: no limit), then closes."""

    patience: float | None = 5.0

    def wait(self, gen: PQGen[Any], *options: Any, **further: Any) -> Any:  # noqa: ANN401  # as psycopg's
        """As psycopg's own. Raises OperationalError after `patience` seconds."""
        if self.patience is not None:
            gen = self._within(gen, self.patience)
        return super().wait(gen, *options, **further)

    def _within(self, gen: PQGen[Any], seconds: float) -> PQGen[Any]:
        """Run `gen` with a deadline. It is resumed several times a second."""
        deadline = monotonic() + seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() > deadline:
                    self.close()  # unusable during a statement
                    raise psycopg.OperationalError(f"no answer within {seconds:g} seconds")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


def postgresql_engine(address: Address, lock_wait: float, pool: Pool) -> Engine:
    given = address.url.query
    defaults = PARAMETERS | {"connect_timeout": pool.connect_seconds}
    parameters = {name: value for name, value in defaults.items() if name not in given}
    engine = create_engine(
        address.url,
        pool_size=pool.size,
        max_overflow=pool.overflow,
        pool_timeout=lock_wait,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=parameters,
    )

    def connect(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> object:
        return PatientConnection.connect(*arguments, **named)

    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        writes = options.get(WRITES, False)
        seconds = None if options.get(UNHURRIED) else pool.statement_seconds + (lock_wait if writes else 0)
        patience = None if seconds is None else seconds + GRACE_SECONDS
        _be_patient(connection.connection.dbapi_connection, patience)
        limits = {"statement_timeout": seconds or 0, "lock_timeout": lock_wait if writes else None}
        chosen = (
            f"SET LOCAL {name} = {int(limit * 1000)}" for name, limit in limits.items() if limit is not None
        )
        connection.exec_driver_sql("; ".join(chosen))
        if writes:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")

    def be_pinged_next(connection: object, _record: object) -> None:
        _be_patient(connection, PING_SECONDS)

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "begin", begin)
    event.listen(engine, "checkin", be_pinged_next)
    return engine


def _be_patient(connection: object, seconds: float | None) -> None:
    if isinstance(connection, PatientConnection):
        connection.patience = seconds
