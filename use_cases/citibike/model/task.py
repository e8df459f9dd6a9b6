"""What the model families are told about trips of an hour: columns, basis functions, optional weather.

A model that never met a missing rain value, asked without rain, had an RMSE of 2,500 on the real data
where one that learned to do without it has 1,040; see ``bikecast.families.fallback``.
"""

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.families.base import TaskShape
from bikecast.families.basis import BasisSet, BasisSpec
from bikecast.families.fallback import with_missing_optional
from use_cases.citibike.features import FEATURE_NAMES

CALENDAR_SETS = (
    BasisSet("hour", "hour", tuple(range(24))),
    BasisSet("part of day", "hour", (0, 3, 6, 8, 10, 13, 16, 18, 20, 23)),
    BasisSet("day", "dow", tuple(range(7))),
    BasisSet("workday", "workday", (0, 1)),
    BasisSet("holiday", "hol_major", (0, 1, 2, 3)),
    BasisSet("christmas week", "xmasweek", (0, 1)),
    BasisSet("tomorrow off", "tom_off", (0, 1)),
    BasisSet("yesterday off", "yest_off", (0, 1)),
    BasisSet("sun", "sun", (-18, -6, 0, 6, 20, 45, 70)),
)
_SETS = (
    *CALENDAR_SETS,
    BasisSet("temperature", "TAVG", (20, 35, 50, 65, 80, 90)),
    BasisSet("rain", "PRCP", (0, 0.02, 0.1, 0.3, 0.7, 1.5, 3)),
    BasisSet("wind", "AWND", (4, 8, 12, 16, 24)),
    BasisSet("snow", "SNOW", (0, 0.1, 1, 3)),
    BasisSet("snow depth", "SNWD", (0, 1, 4)),
)
_TERMS = (
    ("hour", "workday"),
    ("day", "part of day"),
    ("holiday", "part of day"),
    ("temperature",),
    ("rain", "part of day"),
    ("wind",),
    ("snow",),
    ("snow depth",),
    ("sun",),
    ("christmas week",),
    ("tomorrow off", "part of day"),
    ("yesterday off", "part of day"),
)
TASK = TaskShape(n_classes=None, feature_names=FEATURE_NAMES, basis=BasisSpec(_SETS, _TERMS))

NEW_YEARS_NIGHT = 3  # of ``hol_major``
NIGHT_REPEATS = 20
NIGHT_COLUMN = FEATURE_NAMES.index("hol_major")
HIDDEN = ("PRCP", "AWND", "SNWD")
HIDDEN_COLUMNS = tuple(FEATURE_NAMES.index(name) for name in HIDDEN)
_DAY_COLUMNS = [FEATURE_NAMES.index(name) for name in ("doy_sin", "doy_cos", "TMAX", "TMIN", "TAVG")]


def with_repeated_night(features: Matrix, actual: Array, *, column: int) -> tuple[Matrix, Array]:
    """Repeat the hours of New Year's night: one night a year is less than any family takes for a pattern.

    Args:
        features: Shape (n, n_features).
        actual: Shape (n,).
        column: Where ``hol_major`` is.
    """
    night = features[:, column] == NEW_YEARS_NIGHT
    again = np.repeat(np.flatnonzero(night), NIGHT_REPEATS - 1)
    return np.vstack([features, features[again]]), np.concatenate([actual, actual[again]])


def with_hidden_weather(features: Matrix, actual: Array, *, seed: int) -> tuple[Matrix, Array]:
    """Append a copy of all rows in which whole days lack some optional weather, half of them all of it."""
    _, day = np.unique(features[:, _DAY_COLUMNS], axis=0, return_inverse=True)
    return with_missing_optional(features, actual, columns=HIDDEN_COLUMNS, groups=day.ravel(), seed=seed)
