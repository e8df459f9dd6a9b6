"""Rides that a file holds more than once: found by sorting their numbers, a bounded part at a time."""

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bikecast.ingest.rules import REASONS, Reason

# 64 MB of numbers; sorting them is several times faster than grouping rows.
_RIDES_AT_A_TIME = 8_000_000

_MARK = f"""
    UPDATE judged SET reason = later.problem, text = judged.start::VARCHAR
    FROM (
        SELECT rowid AS place_in_file,
            CASE WHEN start = first(start) OVER times AND lasted_us = first(lasted_us) OVER times
                THEN {REASONS.index(Reason.REPEATED_ROW)}
                ELSE {REASONS.index(Reason.REPEATED_RIDE_ID)} END AS problem,
            row_number() OVER times AS place
        FROM judged SEMI JOIN repeated USING (ride) WHERE reason IS NULL
        WINDOW times AS (PARTITION BY ride, date_trunc('month', start) ORDER BY start, rowid)
    ) AS later
    WHERE later.place > 1 AND judged.rowid = later.place_in_file
"""  # noqa: S608 - our own constants


def mark_repeated(engine: duckdb.DuckDBPyConnection) -> None:
    """Keep of each ride in each month the row that starts first, whatever the order of rows.

    Months are counted apart, so an id that comes back in another month is another ride.
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
