"""PostgreSQL: how connections are made, and how long anybody waits for them.

A server that hangs, or a network that swallows everything, answers nothing and breaks nothing off. So
each statement has a time limit on both sides: the server ends it, and when nothing is heard even of
that, the connection is closed here, and its thread is free again.
"""

from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, create_engine, event

from logocache.repository.engine import UNHURRIED, WRITES, Address, Pool

WRITER_LOCK = 0x6C6F676F  # "logo"
"""The advisory lock, within one PostgreSQL database, that writers hold."""
GRACE_SECONDS = 1.0
"""How much longer than the server we wait, so that its own, better reason is told."""

PING_SECONDS = 1.0
"""How long an idle connection has to show that it lives. To take a new one for it costs little."""

PARAMETERS = {
    "application_name": "logocache",
    # A server that vanished is noticed within half a minute, not after hours.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    # PgBouncer hands a transaction to any server connection, and prepared statements stay behind.
    "prepare_threshold": None,
}
"""Parameters of libpq and psycopg; those in the URL come before them."""


class PatientConnection(psycopg.Connection[Any]):  # `Any`: as psycopg types its rows
    """Waits `patience` seconds for the answer to a statement, or for ever when it is None; then closes."""

    patience: float | None = 5.0

    def wait(self, gen: PQGen[Any], *options: Any, **further: Any) -> Any:  # noqa: ANN401  # as psycopg's
        """As psycopg's own. Raises OperationalError when the time is up."""
        if self.patience is not None:
            gen = self._within(gen, self.patience)
        return super().wait(gen, *options, **further)

    def _within(self, gen: PQGen[Any], seconds: float) -> PQGen[Any]:
        """`gen` until the time is up. It is told several times a second what its socket is ready for."""
        deadline = monotonic() + seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() > deadline:
                    self.close()  # in the midst of a statement it is of no further use
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
