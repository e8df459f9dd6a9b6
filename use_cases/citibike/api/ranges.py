"""Physical ranges of what callers send; a value outside is a mistake of unit or sensor, not weather."""

from typing import NamedTuple


class PhysicalRange(NamedTuple):
    """Closed interval of legal values."""

    low: float
    high: float


# Every value that NOAA has published for LaGuardia fits, with room; Kelvin or millimetres do not.
WEATHER_RANGES = {
    "TMAX": PhysicalRange(-40, 130),
    "TMIN": PhysicalRange(-50, 110),
    "SNOW": PhysicalRange(0, 60),
    "PRCP": PhysicalRange(0, 25),
    "AWND": PhysicalRange(0, 120),
    "SNWD": PhysicalRange(0, 120),
    "TAVG": PhysicalRange(-45, 120),
}
_FLAG = PhysicalRange(0, 1)
_WAVE = PhysicalRange(-1, 1)
_NEIGHBOUR_DAYS = PhysicalRange(0, 4)
FEATURE_RANGES = WEATHER_RANGES | {
    "hour": PhysicalRange(0, 23),
    "dow": PhysicalRange(0, 6),
    "holiday": _FLAG,
    "workday": _FLAG,
    "doy_sin": _WAVE,
    "doy_cos": _WAVE,
    "sun": PhysicalRange(-90, 90),
    "daylen": _WAVE,
    "to_hol": _NEIGHBOUR_DAYS,
    "from_hol": _NEIGHBOUR_DAYS,
    "xmasweek": _FLAG,
    "tom_off": _FLAG,
    "yest_off": _FLAG,
    "hol_major": PhysicalRange(0, 3),
}
# A feature that is newer than this table still has to be a number of sane size.
ANY_FEATURE = PhysicalRange(-1e6, 1e6)
