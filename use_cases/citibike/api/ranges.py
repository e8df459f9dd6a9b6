"""Physical ranges of what callers send; a value outside is a mistake of unit or sensor, not weather."""

from typing import NamedTuple


class Range(NamedTuple):
    """Closed interval of legal values."""

    low: float
    high: float


# Every value that NOAA has published for LaGuardia fits, with room; Kelvin or millimetres do not.
WEATHER_RANGES = {
    "TMAX": Range(-40, 130),
    "TMIN": Range(-50, 110),
    "SNOW": Range(0, 60),
    "PRCP": Range(0, 25),
    "AWND": Range(0, 120),
    "SNWD": Range(0, 120),
    "TAVG": Range(-45, 120),
}
_FLAG = Range(0, 1)
_WAVE = Range(-1, 1)
_NEIGHBOUR_DAYS = Range(0, 4)
FEATURE_RANGES = WEATHER_RANGES | {
    "hour": Range(0, 23),
    "dow": Range(0, 6),
    "holiday": _FLAG,
    "workday": _FLAG,
    "doy_sin": _WAVE,
    "doy_cos": _WAVE,
    "sun": Range(-90, 90),
    "daylen": _WAVE,
    "to_hol": _NEIGHBOUR_DAYS,
    "from_hol": _NEIGHBOUR_DAYS,
    "xmasweek": _FLAG,
    "tom_off": _FLAG,
    "yest_off": _FLAG,
    "hol_major": Range(0, 2),
}
# A feature that is newer than this table still has to be a number of sane size.
ANY_FEATURE = Range(-1e6, 1e6)
