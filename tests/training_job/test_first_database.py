"""A database of the first revision is taken along: a dump of it, restored and migrated, keeps every row."""

from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from bikecast.database import DatabaseSettings, connect
from training_job.migrations import migrate
from use_cases.citibike.monitoring.measures.columns import EXTRA_COLUMNS, METRIC_COLUMNS

DUMP = Path(__file__).with_name("first_database.sql")
TABLES = (
    "predictions",
    "actuals",
    "decisions",
    "citibike_metrics",
    "feature_drift",
    "live_error",
    "incidents",
    "automation_events",
)
# What revision 0003 calls otherwise; everything else keeps its name.
RENAMED = {
    "actuals": {"hour": "happened_at", "trips": "value"},
    "live_error": {"n_hours": "n_rows"},
}


@pytest.fixture
def restored(database: DatabaseSettings) -> DatabaseSettings:
    """Return the settings of a database into which the dump was restored."""
    with connect(database, application="test") as connection:
        connection.execute(DUMP.read_bytes())
    return database


def _rows(settings: DatabaseSettings, table: str) -> list[dict[str, Any]]:
    with connect(settings, application="test") as connection:
        cursor = connection.cursor(row_factory=dict_row)
        return cursor.execute(f"select * from monitoring.{table}").fetchall()


def test_every_row_of_every_table_keeps_its_values(restored: DatabaseSettings) -> None:
    before = {table: _rows(restored, table) for table in TABLES}
    migrate(restored)
    for table, rows in before.items():
        names = RENAMED.get(table, {})
        kept = [{names.get(name, name): value for name, value in row.items()} for row in rows]
        shown = [{name: row[name] for name in kept[0]} for row in _rows(restored, table)]
        assert rows, table
        assert len(shown) == len(kept), table
        assert all(row in shown for row in kept), table


def test_the_27_columns_have_their_numbers_and_what_was_missing_is_missing(
    restored: DatabaseSettings,
) -> None:
    migrate(restored)
    measured, empty = sorted(_rows(restored, "citibike_metrics"), key=lambda row: row["window_start"])
    assert len(METRIC_COLUMNS) == 27
    assert {type(measured[name]) for name in (*METRIC_COLUMNS, *EXTRA_COLUMNS)} == {float, int}
    assert {empty[name] for name in (*METRIC_COLUMNS, *EXTRA_COLUMNS)} == {None}


def test_what_was_stored_belongs_to_the_first_use_case_and_is_found_by_its_key(
    restored: DatabaseSettings,
) -> None:
    migrate(restored)
    tables = ("windows", *(table for table in TABLES if table != "citibike_metrics"))
    assert {row["use_case"] for table in tables for row in _rows(restored, table)} == {"citibike"}
    hour = "2024-11-03 01:00:00"
    predictions = [row for row in _rows(restored, "predictions") if row["key"] == hour]
    actuals = [row for row in _rows(restored, "actuals") if row["key"] == hour]
    assert [(row["prediction"], row["model_version"]) for row in predictions] == [(184.5, "3")]
    assert [row["value"] for row in actuals] == [201.0]
