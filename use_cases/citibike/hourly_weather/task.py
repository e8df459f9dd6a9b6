"""What the model families are told about hourly weather: columns, basis functions and their interactions."""

from bikecast.families.base import TaskShape
from bikecast.families.basis import BasisSet, BasisSpec
from use_cases.citibike.hourly_weather.features import NAMES
from use_cases.citibike.model.task import CALENDAR_SETS

# Only forecasts have a chance of rain: measured hours leave the mean.
_CHANCE_SETS = (
    BasisSet("chance of rain", "rain_chance", (0, 10, 30, 60, 90)),
    BasisSet("chance of day", "chance_of_day", (0, 10, 25, 50, 80)),
)
_SETS = (
    *CALENDAR_SETS,
    BasisSet("feels like", "apparent", (5, 20, 35, 50, 65, 80, 95)),
    BasisSet("mean of day", "tavg", (20, 35, 50, 65, 80, 90)),
    BasisSet("rain", "rain", (0, 0.01, 0.04, 0.1, 0.3)),
    BasisSet("rain around", "rain_around", (0, 0.02, 0.1, 0.3, 0.8)),
    BasisSet("rain before", "rain_3h_before", (0, 0.02, 0.1, 0.4)),
    BasisSet("rain after", "rain_3h_after", (0, 0.02, 0.1, 0.4)),
    BasisSet("rain of day", "rain_of_day", (0, 0.05, 0.2, 0.6, 1.5)),
    BasisSet("wet hours", "wet_hours", (0, 1, 3, 6, 12)),
    BasisSet("wind", "wind", (4, 8, 12, 16, 24)),
    BasisSet("clouds", "cloud_cover", (0, 50, 100)),
    BasisSet("snow", "snow_6h", (0, 0.1, 0.5, 2)),
    BasisSet("snow lying", "snow_lying", (0, 0.3, 1, 4)),
    BasisSet("humidity", "humidity", (30, 60, 80, 100)),
    *_CHANCE_SETS,
)
_ALONE = (
    "feels like",
    "mean of day",
    "rain",
    "rain around",
    "rain before",
    "rain after",
    "wet hours",
    "wind",
    "clouds",
    "snow",
    "snow lying",
    "humidity",
    "sun",
    "christmas week",
    "chance of rain",
)
_BY_HOUR = (
    ("hour", "workday"),
    ("day", "part of day"),
    ("holiday", "part of day"),
    ("rain of day", "part of day"),
    ("tomorrow off", "part of day"),
    ("yesterday off", "part of day"),
    ("chance of day", "part of day"),
)
# Weather keeps riders for pleasure at home before it keeps those to work; what both share is a term alone.
_BY_WORKDAY = tuple((name, "workday") for name in ("feels like", "rain around", "wind", "clouds"))
_TERMS = (*_BY_HOUR, *_BY_WORKDAY, *((name,) for name in _ALONE))
TASK = TaskShape(n_classes=None, feature_names=NAMES, basis=BasisSpec(_SETS, _TERMS))

# A forecast of five days and more says how warm it may get and how likely it rains, and hardly at what hour;
# its clouds, humidity and wind err differently from season to season. The season stands in for them.
_FAR_SETS = (
    *CALENDAR_SETS,
    BasisSet("temperature", "temperature", (20, 35, 50, 65, 80, 90)),
    BasisSet("mean of day", "tavg", (20, 35, 50, 65, 80, 90)),
    BasisSet("rain of day", "rain_of_day", (0, 0.02, 0.1, 0.5)),
    BasisSet("snow of day", "snow_of_day", (0, 0.3, 2)),
    BasisSet("spring or autumn", "doy_sin", (-1, -0.5, 0, 0.5, 1)),
    BasisSet("winter or summer", "doy_cos", (-1, -0.5, 0, 0.5, 1)),
    *_CHANCE_SETS,
)
_FAR_ALONE = (
    "temperature",
    "mean of day",
    "snow of day",
    "spring or autumn",
    "winter or summer",
    "sun",
    "christmas week",
    "chance of rain",
)
_FAR_BY_WORKDAY = (("temperature", "workday"), ("mean of day", "workday"))
_FAR_TERMS = (*_BY_HOUR, *_FAR_BY_WORKDAY, *((name,) for name in _FAR_ALONE))
FAR_TASK = TaskShape(n_classes=None, feature_names=NAMES, basis=BasisSpec(_FAR_SETS, _FAR_TERMS))
