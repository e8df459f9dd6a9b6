"""Shifts that the monitor must detect."""

from typing import TYPE_CHECKING

import numpy as np

from bikecast.use_case import Shift
from use_cases.ride_duration.inputs import LONGEST_MINUTES, TARGET

if TYPE_CHECKING:
    import pandas as pd


def _electric(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    changed = np.random.default_rng(seed).random(len(rows)) < 0.5
    return rows.assign(rideable_type=rows["rideable_type"].mask(changed, "electric_bike"))


def _visitors(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    changed = np.random.default_rng(seed).random(len(rows)) < 0.5
    return rows.assign(member_casual=rows["member_casual"].mask(changed, "casual"))


def _farther(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":  # noqa: ARG001 - nothing random in it
    """Move destinations to twice the distance; rides take as long as before."""
    moved = {
        f"end_{axis}": rows[f"start_{axis}"] + 2 * (rows[f"end_{axis}"] - rows[f"start_{axis}"])
        for axis in ("lat", "lng")
    }
    return rows.assign(**moved)


def _slower(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":  # noqa: ARG001 - nothing random in it
    """Let rides take half as long again: inputs stay, the truth moves."""
    return rows.assign(**{TARGET: np.minimum(rows[TARGET] * 1.5, LONGEST_MINUTES)})


SHIFTS = (
    Shift("electric", "half of the rides are on electric bikes instead", _electric),
    Shift("visitors", "half of the riders are casual ones instead", _visitors),
    Shift("farther", "destinations are twice as far away", _farther),
    # How long a hundred rides take differs that much by chance.
    Shift("slower", "rides take half as long again", _slower, found_within=3),
)
