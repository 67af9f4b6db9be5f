"""Alembic's entry: runs revisions on the connection, and in the transaction, that it is given."""

from alembic import context

from logocache.repository.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite changes schemas within transactions too, since we begin them ourselves (engine.py).
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
