"""Run by Alembic: migrates on the connection that `advisor.store.engine` hands over."""

from alembic import context

from advisor.store.engine import VERSION_TABLE
from advisor.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
