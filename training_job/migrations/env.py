"""What alembic runs: upgrades over the connection that ``migrate`` holds locked."""

from alembic import context

from bikecast.names import Schema

context.configure(
    connection=context.config.attributes["connection"],
    version_table="alembic_version",
    version_table_schema=Schema.MONITORING,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
