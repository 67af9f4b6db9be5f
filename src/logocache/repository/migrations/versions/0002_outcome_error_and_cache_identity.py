"""The outcome `error`, when a source gave its logo up, the cache's identity, and orders of entries.

Written out, without the program's own column types: a revision describes the past.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OUTCOMES_BEFORE = (
    "found",
    "unchanged",
    "not_found",
    "placeholder",
    "blocked",
    "throttled",
    "transient",
    "invalid_image",
    "refused",
    "misconfigured",
    "not_asked",
)
CHECKED = (("logo", "last_outcome"), ("fetch_attempt", "outcome"))
WORTH = (
    "worth INTEGER GENERATED ALWAYS AS"
    " (CASE WHEN status = 'cached' THEN 3 ELSE 0 END + CASE WHEN origin = 'on_demand' THEN 0 ELSE 1 END)"
    " STORED NOT NULL"
)
ADDED = {"logo": (WORTH,)}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table, column in CHECKED:
            rebuild(
                table,
                check(column, OUTCOMES_BEFORE),
                check(column, (*OUTCOMES_BEFORE, "error")),
                ADDED.get(table, ()),
            )
    else:
        for table, column in CHECKED:
            name = op.f(f"ck_{table}_{column}")
            op.drop_constraint(name, table, type_="check")
            op.create_check_constraint(name, table, check(column, (*OUTCOMES_BEFORE, "error")))
            for definition in ADDED.get(table, ()):
                op.execute(f"ALTER TABLE {table} ADD COLUMN {definition}")
    op.add_column("logo", sa.Column("source_gone_at", sa.DateTime(timezone=True)))
    op.drop_index("ix_logo_used", "logo")
    op.create_index("ix_logo_kept", "logo", ["pinned", "has_file", "worth", "used_at", "key"])
    op.drop_index("ix_logo_failing", "logo")
    op.create_index("ix_logo_failing", "logo", ["failure_count", "last_outcome", "key"])
    order_entries()
    op.create_table(
        "cache",
        sa.Column(
            "identity",
            sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_cache"),
    )


def order_entries() -> None:
    """An index for each order in which entries are listed, and for those made on demand."""
    folded = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("logo", sa.Column("name_folded", folded, nullable=False, server_default=""))
    connection, after = op.get_bind(), ""
    page = sa.text("SELECT key, name FROM logo WHERE key > :after ORDER BY key LIMIT 10000")
    fold = sa.text("UPDATE logo SET name_folded = :folded WHERE key = :key")
    while rows := connection.execute(page, {"after": after}).all():
        connection.execute(fold, [{"key": key, "folded": name.casefold()} for key, name in rows])
        after = rows[-1].key
    for name, columns in (
        ("name", ["name_folded"]),
        ("status", ["status"]),
        ("provider", ["provider"]),
        ("age", ["fetched_at"]),
        ("accessed", ["last_accessed_at"]),
        ("origin", ["origin", "used_at"]),
    ):
        op.create_index(f"ix_logo_{name}", "logo", [*columns, "key"])


def check(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def rebuild(table: str, before: str, after: str, added: tuple[str, ...]) -> None:
    """Give `table` another check and more columns. SQLite cannot change the first, so it is copied.

    The order of steps is that of https://www.sqlite.org/lang_altertable.html#otheralter.
    """
    connection = op.get_bind()
    statements = connection.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL"),
        {"table": table},
    ).scalars()
    indexes = []
    for statement in list(statements):
        if not statement.startswith("CREATE TABLE"):
            indexes.append(statement)
            continue
        made = statement.replace(before, after).replace(
            f"CREATE TABLE {table} ", f"CREATE TABLE new_{table} ", 1
        )
        made = made.replace(
            "CONSTRAINT pk_", "".join(f"{column}, " for column in added) + "CONSTRAINT pk_", 1
        )
        connection.exec_driver_sql(made)
    columns = ", ".join(
        f'"{column["name"]}"'
        for column in sa.inspect(connection).get_columns(table)
        if "computed" not in column
    )
    copy = f"INSERT INTO new_{table} ({columns}) SELECT {columns} FROM {table}"  # noqa: S608  # our own names
    connection.exec_driver_sql(copy)
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE new_{table} RENAME TO {table}")
    for statement in indexes:
        connection.exec_driver_sql(statement)
