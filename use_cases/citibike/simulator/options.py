"""What a simulation can be asked for: size, traps of the published files, and a shift to detect."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

# 2 % of New York's riders: about 100 trips an hour, so 15 months are a million trips.
DEMO_SCALE = 0.02


class Trap(StrEnum):
    """Quirks of the published files; each can be switched on by itself."""

    MACOS_JUNK = "macos_junk"  # a binary `__MACOSX/._….csv` member beside the real one
    SPLIT_MEMBERS = "split_members"  # several CSV files in one zip
    MISSPELT_NAMES = "misspelt_names"  # `citbike` for `citibike`
    BYTE_ORDER_MARK = "byte_order_mark"
    WINDOWS_LINES = "windows_lines"  # CRLF
    QUOTED_COMMAS = "quoted_commas"  # a station's name holds a comma
    LONG_RIDES = "long_rides"  # 60 min and more
    SHORT_RIDES = "short_rides"  # under 60 s; gone from the files since 2024-08
    CLOCK_CHANGE = "clock_change"  # rides across the repeated hour end before they start
    MISSING_ENDS = "missing_ends"  # no end station
    REPEATED_ROWS = "repeated_rows"
    BAD_TIMES = "bad_times"  # a text that is not a time


class ShiftKind(StrEnum):
    """What changes on the day a shift starts."""

    DEMAND_LEVEL = "demand_level"
    WEATHER_REGIME = "weather_regime"
    RIDER_MIX = "rider_mix"
    BROKEN_SENSOR = "broken_sensor"


@dataclass(frozen=True)
class Shift:
    """A lasting change from one day on.

    Args:
        kind: What changes.
        start: First changed day.
        strength: 0 changes nothing; 1 is severe: demand +50 %, +20 °F and twice the wet days, three
            quarters of the commuters gone, or a weather station that reports one frozen value.
            Negative values lower demand or temperature.
    """

    kind: ShiftKind
    start: dt.date
    strength: float = 1.0
