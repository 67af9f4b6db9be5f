"""How many entries made on demand there may be: those used longest ago give way."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Select, delete, false, func, not_, select

from logocache.model import Origin
from logocache.repository.filters import Condition, among
from logocache.repository.tables import ATTEMPT, LOGO, REPLACED

MADE_ON_DEMAND = LOGO.c.origin == Origin.ON_DEMAND


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(LOGO).where(MADE_ON_DEMAND)).scalar_one()


def forget_oldest(
    connection: Connection, *, beyond: int, sparing: Collection[str], is_free: Condition
) -> Sequence[str]:
    """Forget entries made on demand until there are `beyond`, those used longest ago first.

    Their attempts and replaced files are forgotten with them. Pinned ones stay, and those that are
    being fetched, and `sparing`. Returns the names of files that these entries no longer name.
    """
    excess = count(connection) - beyond
    if excess <= 0:
        return ()
    oldest: Select[str, str | None] = (
        select(LOGO.c.key, LOGO.c.file_name)
        .where(MADE_ON_DEMAND, LOGO.c.pinned == false(), is_free, not_(among(LOGO.c.key, sparing)))
        .order_by(LOGO.c.used_at, LOGO.c.key)
        .limit(excess)
    )
    entries = connection.execute(oldest).all()
    keys = [key for key, _ in entries]
    replaced = connection.execute(select(REPLACED.c.name).where(among(REPLACED.c.key, keys))).scalars().all()
    for table in (LOGO, ATTEMPT, REPLACED):
        connection.execute(delete(table).where(among(table.c.key, keys)))
    return [*(name for _, name in entries if name is not None), *replaced]
