"""Public aggregate figures that the simulation is tuned to.

Source: hourly counts of New York's trips in 2024 (trips per hour; holidays included), shares and
quantiles of the 2022-2024 Jersey City trip files, NOAA daily summaries of LaGuardia 2024 (°F, inch, mph).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REFERENCE_YEAR = 2024
YEARLY_GROWTH = 0.106

TRIPS_PER_HOUR_BY_MONTH = np.array(
    [2518, 3025, 3541, 4406, 5472, 6531, 6246, 6088, 6854, 6843, 5102, 3083], dtype=float
)
TRIPS_BY_HOUR_OF_WEEKDAY = np.array(
    [
        *(1323, 692, 417, 277, 329, 1001, 2890, 6086, 9255, 6896, 5017, 5104),
        *(5752, 6109, 6839, 7772, 9081, 12217, 11387, 8416, 6030, 4486, 3629, 2594),
    ],
    dtype=float,
)
TRIPS_BY_HOUR_OF_WEEKEND = np.array(
    [
        *(2577, 1801, 1231, 816, 542, 450, 893, 1658, 2818, 4456, 5996, 7244),
        *(8141, 8523, 8733, 8772, 8433, 7981, 7501, 6270, 4738, 3711, 3168, 2614),
    ],
    dtype=float,
)
TRIPS_PER_HOUR_BY_WEEKDAY = np.array([4874, 5217, 5285, 5167, 5210, 4748, 4343], dtype=float)

MEMBER_SHARE = 0.742
ELECTRIC_SHARE = 0.567
MISSING_END_SHARE = 0.0033
SHARE_OVER_60_MIN = 0.0174
# Shares of rides up to a duration in minutes; the ends are bounds, not measurements.
DURATION_SHARES = np.array([0.0, 0.01, 0.0205, 0.05, 0.25, 0.5, 0.75, 0.95, 0.9826, 0.99, 1.0])
DURATION_MINUTES = np.array([0.2, 0.6, 1.0, 1.9, 4.0, 6.2, 10.1, 30.4, 60.0, 82.5, 1400.0])

TMAX_BY_MONTH = np.array([41.9, 45.6, 54.3, 60.8, 72.3, 84.5, 87.1, 83.8, 75.7, 69.8, 59.2, 44.5])
TMIN_BY_MONTH = np.array([32.4, 33.6, 40.3, 46.5, 57.6, 67.7, 72.3, 69.7, 63.5, 54.5, 46.2, 33.7])
AWND_BY_MONTH = np.array([12.1, 10.5, 12.4, 11.4, 9.2, 10.0, 9.2, 9.3, 9.4, 9.2, 11.3, 11.2])
WET_DAY_SHARE_BY_MONTH = np.array([0.48, 0.24, 0.39, 0.3, 0.39, 0.23, 0.39, 0.35, 0.17, 0.0, 0.2, 0.55])
PRECIPITATION_PER_DAY = 0.14


def by_day_of_year(monthly: Floats, day_of_year: NDArray[np.int32]) -> Floats:
    """Interpolate twelve monthly means, placed at mid-month, to days of the year (1..366)."""
    middles = (np.arange(-1, 13) + 0.5) * 365.25 / 12
    values = np.concatenate([monthly[-1:], monthly, monthly[:1]])
    return np.asarray(np.interp(day_of_year, middles, values))
