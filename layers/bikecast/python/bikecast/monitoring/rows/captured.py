"""Rows of the prediction log with the actual values that are known."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bikecast.columns import Columns
from bikecast.evaluation.outcome import Outcome
from bikecast.monitoring.rows.table import scored_rows
from bikecast.monitoring.scored import ScoredRows
from bikecast.monitoring.windows import RowWindow, Window
from bikecast.use_case import Category, Classification, Moment, Number, Text, UseCase
from bikecast.use_case.inputs import Kind

if TYPE_CHECKING:
    import psycopg

# A window of a million requests costs no more memory than this many; the newest stand for it.
MOST_ROWS = 100_000
QUERY = """
select predicted_for, prediction, low, high, outcome, inputs, value
from monitoring.predictions p left join monitoring.actuals a using (use_case, key)
where use_case = %(use_case)s and model_version = %(version)s
  and predicted_for between %(start)s and %(end)s
  and (predicted_for, p.id) >= (%(start)s, %(first)s) and (predicted_for, p.id) < (%(end)s, %(until)s)
order by predicted_for desc, p.id desc limit %(most)s
"""
N_COLUMNS = 7
# Rows of one request have one time: only their ids tell where a window ends among them.
EDGES = """
select predicted_for, id, max(predicted_for) over (), count(*) over () from (
    select predicted_for, id from monitoring.predictions
    where use_case = %(use_case)s and model_version = %(version)s
      and (predicted_for, id) < (%(end)s, %(until)s)
    order by predicted_for desc, id desc limit %(n_rows)s
) newest order by predicted_for, id limit 1
"""
NEWEST = """
select max(at) from (
    select max(predicted_for) as at from monitoring.predictions where use_case = %(use_case)s
    union all
    select max(happened_at) from monitoring.actuals where use_case = %(use_case)s
) known
"""


def load_captured(
    connection: "psycopg.Connection", use_case: UseCase, version: str, *, span: Window
) -> ScoredRows:
    """Return a version's captured predictions of a span, with the truth where it has come, oldest first."""
    first, until = (span.first, span.until) if isinstance(span, RowWindow) else ("", "")
    about: dict[str, Any] = {"use_case": use_case.name, "version": version, "first": first, "until": until}
    about |= {"start": span.start, "end": span.end}
    found = connection.execute(QUERY, about | {"most": MOST_ROWS}).fetchall()[::-1]
    stamps, values, low, high, outcomes, inputs, truth = _transposed(found)
    return scored_rows(
        use_case,
        np.asarray(stamps, dtype="datetime64[us]"),
        columns_of_records(use_case, inputs),
        outcome=_outcome(use_case, values, low, high, outcomes),
        target=_numbers(truth),
    )


def _transposed(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [[row[position] for row in rows] for position in range(N_COLUMNS)]


def newest_window(
    connection: "psycopg.Connection",
    use_case: str,
    version: str,
    *,
    n_rows: int,
    before: RowWindow | None = None,
) -> RowWindow | None:
    """Return the window of the newest rows, or of those before another window; None where there are none."""
    end, until = ("infinity", "") if before is None else (before.start, before.first)
    about = {"use_case": use_case, "version": version, "end": end, "until": until, "n_rows": n_rows}
    row = connection.execute(EDGES, about).fetchone()
    if row is None:
        return None
    start, first, newest, count = row
    if before is None:
        return RowWindow(start, newest + dt.timedelta(microseconds=1), n_rows=count, first=first)
    return RowWindow(start, before.start, n_rows=count, first=first, until=before.first)


def last_known_day(connection: "psycopg.Connection", use_case: str) -> dt.date | None:
    """Return the day of the newest row that was predicted or happened, None where there is none."""
    row = connection.execute(NEWEST, {"use_case": use_case}).fetchone()
    newest: dt.datetime | None = None if row is None else row[0]
    return None if newest is None else newest.date()


def columns_of_records(use_case: UseCase, records: Sequence[Mapping[str, Any]]) -> Columns:
    """Return JSON rows as columns; an input that no row has is left out."""
    given = {name for record in records for name in record}
    return {
        item.name: _column(item.kind, [record.get(item.name) for record in records])
        for item in use_case.inputs
        if item.name in given
    }


def _column(kind: Kind, values: Sequence[Any]) -> NDArray[Any]:
    if isinstance(kind, Number):
        return _numbers(values)
    if isinstance(kind, Moment):
        return np.asarray([np.datetime64(v or "NaT", "s") for v in values], dtype="datetime64[s]")
    assert isinstance(kind, Category | Text)
    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column


def _numbers(values: Sequence[Any]) -> NDArray[np.float64]:
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)


def _outcome(
    use_case: UseCase, values: Sequence[Any], low: Sequence[Any], high: Sequence[Any], outcomes: Sequence[Any]
) -> Outcome:
    probabilities = None
    if isinstance(use_case.task, Classification):
        nothing = [np.nan] * len(use_case.task.classes)
        rows = [(found or {}).get("probabilities") or nothing for found in outcomes]
        probabilities = np.asarray(rows, dtype=np.float64).reshape(len(rows), len(nothing))
    return Outcome(_numbers(values), _numbers(low), _numbers(high), probabilities)
