"""A role for each function and for people's MLflow, each with the least that it needs."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Roles belong to the server: another database of it may have made them already, or make them right now.
CREATE_ROLE = """
do $$ begin
    create role {role} login;
exception when duplicate_object or unique_violation then
    null;
end $$"""
ROLES = ("bikecast_capture", "bikecast_monitor", "bikecast_registry_reader")
# What was predicted, decided and done is a record: functions add to it and change none of it.
GRANTS = (
    "grant usage on schema monitoring to bikecast_capture, bikecast_monitor",
    "grant insert on monitoring.predictions to bikecast_capture",
    "grant select on all tables in schema monitoring to bikecast_monitor",
    "grant insert, update on monitoring.windows, monitoring.incidents to bikecast_monitor",
    "grant insert, delete on monitoring.feature_drift to bikecast_monitor",
    "grant insert on monitoring.automation_events to bikecast_monitor",
    "grant usage on schema mlflow to bikecast_registry_reader",
    "grant select on all tables in schema mlflow to bikecast_registry_reader",
    # MLflow makes its tables later, as the same owner.
    "alter default privileges in schema mlflow grant select on tables to bikecast_registry_reader",
)
# Until now all functions shared one role that could change everything.
RETIRE_SHARED_ROLE = """
do $$ begin
    if exists (select from pg_roles where rolname = 'bikecast_functions') then
        revoke all on all tables in schema monitoring from bikecast_functions;
        revoke all on schema monitoring from bikecast_functions;
        alter role bikecast_functions nologin;
    end if;
end $$"""


def upgrade() -> None:
    """Create the roles and give them their rights."""
    for role in ROLES:
        op.execute(CREATE_ROLE.format(role=role))
    for statement in (*GRANTS, RETIRE_SHARED_ROLE):
        op.execute(statement)
