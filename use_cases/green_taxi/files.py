"""The city's monthly files; which rides are learnt from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bikecast.use_case import Rule
from use_cases.green_taxi.inputs import CASH, DROPOFF, INPUTS, OTHER, PICKUP, TARGET

if TYPE_CHECKING:
    import pandas as pd

PAID = "payment_type"
_PAID_IN_CASH = 2
_NEEDED = {PAID, *(item.name for item in INPUTS if not item.optional)}


def recognises(names: Sequence[str]) -> bool:
    """Tell a monthly file by its columns."""
    return set(names) >= _NEEDED


def read(raw: "pd.DataFrame") -> "pd.DataFrame":
    """Take the columns that are known, and say who paid in cash; columns are wider in some months."""
    import pandas as pd

    paid = pd.to_numeric(raw[PAID], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    payment = np.full(len(raw), None, dtype=object)
    payment[~np.isnan(paid)] = OTHER
    payment[paid == _PAID_IN_CASH] = CASH
    return raw[[item.name for item in INPUTS if item.name in raw]].assign(**{TARGET: payment})


RULES = (
    Rule("payment type missing", "It must be known how a ride was paid.", lambda rows: rows[TARGET].notna()),
    Rule("fare missing or not positive", "Refunds are not rides.", lambda rows: rows["fare_amount"] > 0),
    Rule(
        "distance missing or not positive",
        "A meter that did not move measured no ride.",
        lambda rows: rows["trip_distance"] > 0,
    ),
    Rule(
        "times missing or not in order",
        "A ride ends after it begins.",
        lambda rows: rows[DROPOFF] > rows[PICKUP],
    ),
)
