"""The publisher's trip files of thirteen columns; which rides are learnt from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bikecast.use_case import Rule
from use_cases.ride_duration.inputs import INPUTS, LONGEST_MINUTES, SHORTEST_MINUTES, TARGET

if TYPE_CHECKING:
    import pandas as pd

_END = "ended_at"
_NEEDED = {_END, *(item.name for item in INPUTS)}
_DESTINATION = ("end_lat", "end_lng")


def recognises(names: Sequence[str]) -> bool:
    """Tell a trip file by its columns."""
    return set(names) >= _NEEDED


def read(raw: "pd.DataFrame") -> "pd.DataFrame":
    """Take the columns that are known, and say how long each ride took; 0 degrees is not a place."""
    import pandas as pd

    started, ended = (
        pd.to_datetime(raw[name], format="ISO8601", errors="coerce") for name in ("started_at", _END)
    )
    frame = raw[[item.name for item in INPUTS]].assign(**{TARGET: (ended - started).dt.total_seconds() / 60})
    for name in _DESTINATION:
        frame[name] = raw[name].mask(pd.to_numeric(raw[name], errors="coerce") == 0)
    return frame


RULES = (
    Rule(
        "end missing or before the start",
        "The length of a ride must be known, and clocks run forward.",
        lambda rows: rows[TARGET] >= 0,
    ),
    Rule(
        "under a minute",
        "A bike that is put back at once was not ridden.",
        lambda rows: rows[TARGET] >= SHORTEST_MINUTES,
    ),
    Rule(
        "over three hours",
        "Longer ones are bikes kept, lost or not locked.",
        lambda rows: rows[TARGET] <= LONGEST_MINUTES,
    ),
)
