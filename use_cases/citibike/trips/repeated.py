"""Rides that a file holds more than once: found by sorting their numbers, a bounded part at a time."""

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from use_cases.citibike.trips.identity import hash_sql
from use_cases.citibike.trips.rules import REASONS, Reason

# 64 MB of numbers; sorting them is several times faster than grouping rows.
_RIDES_AT_A_TIME = 8_000_000

_MARK = f"""
    UPDATE judged SET
        reason = later.problem,
        text = CASE WHEN later.problem IS NOT NULL THEN judged.start::VARCHAR END,
        ride = later.distinct_ride
    FROM (
        SELECT rowid AS place_in_file,
            CASE WHEN whole IS NULL THEN
                CASE WHEN row_number() OVER times = 1 THEN NULL
                    WHEN start = first(start) OVER times AND lasted_us = first(lasted_us) OVER times
                    THEN {REASONS.index(Reason.REPEATED_ROW)}
                    ELSE {REASONS.index(Reason.REPEATED_RIDE_ID)} END
                WHEN row_number() OVER copies > 1 THEN {REASONS.index(Reason.REPEATED_ROW)} END AS problem,
            CASE WHEN whole IS NULL OR dense_rank() OVER kinds = 1 THEN ride
                ELSE {hash_sql(["ride", "dense_rank() OVER kinds"])} END AS distinct_ride
        FROM judged SEMI JOIN repeated USING (ride) WHERE reason IS NULL
        WINDOW
            times AS (PARTITION BY ride, date_trunc('month', start) ORDER BY start, rowid),
            copies AS (PARTITION BY ride, start, lasted_us, whole ORDER BY rowid),
            kinds AS (PARTITION BY ride, date_trunc('month', start) ORDER BY start, lasted_us, whole)
    ) AS later
    WHERE judged.rowid = later.place_in_file
"""  # noqa: S608 - our own constants


def mark_repeated(engine: duckdb.DuckDBPyConnection) -> None:
    """Keep of each ride in each month the row that starts first, whatever the order of rows.

    Months are counted apart, so an id that comes back in another month is another ride. Rides that share what
    is left of their id, or the minute of the repeated autumn hour, stay apart: the second gets an identity of
    its own, which is the same in every file that holds both.
    """
    repeated = _repeated_rides(engine)
    if len(repeated):
        engine.register("repeated", pa.table({"ride": repeated}))
        engine.execute(_MARK)
        engine.unregister("repeated")


def _repeated_rides(engine: duckdb.DuckDBPyConnection) -> NDArray[np.uint64]:
    (rows,) = engine.execute("SELECT count(*) FROM judged").fetchone() or (0,)
    parts = rows // _RIDES_AT_A_TIME + 1
    return np.concatenate([_repeated_of_part(engine, part, parts) for part in range(parts)])


def _repeated_of_part(engine: duckdb.DuckDBPyConnection, part: int, parts: int) -> NDArray[np.uint64]:
    wanted = f"AND ride % {parts} = {part}" if parts > 1 else ""
    kept = engine.execute(f"SELECT ride FROM judged WHERE reason IS NULL {wanted}")  # noqa: S608 - two numbers
    rides = np.sort(np.asarray(kept.fetchnumpy()["ride"], dtype=np.uint64))
    return np.unique(rides[1:][rides[1:] == rides[:-1]])
