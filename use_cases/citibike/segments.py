"""The parts of the year and day by which models are judged and intervals calibrated."""

import numpy as np
from numpy.typing import NDArray

from bikecast.arrays import Hours, Ints, Mask, Matrix
from use_cases.citibike.features import FEATURE_NAMES

BAND_STARTS = np.asarray([0, 6, 10, 16, 20])
BANDS = ("00-06", "06-10", "10-16", "16-20", "20-24")
WET_INCH = 0.1


def column(features: Matrix, name: str) -> NDArray[np.float64]:
    """Return one feature as float64; shape (n,)."""
    return features[:, FEATURE_NAMES.index(name)].astype(np.float64)


def hour_band(features: Matrix) -> Ints:
    """Return the index of each row's band in ``BANDS``."""
    return np.searchsorted(BAND_STARTS, column(features, "hour"), side="right") - 1


def rain(features: Matrix) -> Mask:
    """True where the day brings at least a tenth of an inch; unknown rain counts as dry."""
    return column(features, "PRCP") >= WET_INCH  # NaN is not


def snow(features: Matrix) -> Mask:
    """True where snow falls or lies."""
    return (column(features, "SNOW") > 0) | (column(features, "SNWD") > 0)  # NaN is not


def masks(features: Matrix, hours: Hours) -> dict[str, Mask]:
    """Return every segment that has rows, by name."""
    band = hour_band(features)
    weekend, holiday = column(features, "dow") >= 5, column(features, "holiday") > 0
    found = {f"hours {name}": band == index for index, name in enumerate(BANDS)}
    found |= {"weekend": weekend, "weekday": ~weekend, "holiday": holiday}
    found |= {"rain": rain(features), "snow": snow(features), "dry": ~rain(features) & ~snow(features)}
    months = hours.astype("datetime64[M]")
    found |= {f"month {month}": months == month for month in np.unique(months)}
    return {name: mask for name, mask in found.items() if mask.any()}
