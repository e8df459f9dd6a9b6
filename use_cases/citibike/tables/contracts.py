"""Contracts of the two tables at the border: types, ranges, uniqueness. A reader that skips them is a bug."""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from bikecast.errors import DataError

HOURLY_COLUMNS = ("date", "hour", "trips", "holiday")
WEATHER_REQUIRED = ("TMAX", "TMIN", "SNOW")
WEATHER_OPTIONAL = ("PRCP", "AWND", "SNWD", "TAVG")
# More than any hour of the largest bike-share system has seen; a larger value is a unit error.
MAX_TRIPS_PER_HOUR = 100_000

_midnight = pa.Check(lambda days: days.dt.normalize() == days, name="is midnight")


def _number(low: float, high: float, *, required: bool, meaning: str, unit: str) -> pa.Column:
    return pa.Column(
        float, pa.Check.in_range(low, high), nullable=not required, required=required, coerce=True,
        description=meaning, metadata={"unit": unit},
    )  # fmt: skip


HOURLY = pa.DataFrameSchema(
    {
        "date": pa.Column("datetime64[ns]", _midnight, coerce=True, description="Day, New York wall time"),
        "hour": pa.Column("int32", pa.Check.in_range(0, 23), coerce=True, description="Hour of the day"),
        "trips": pa.Column(
            "int64", pa.Check.in_range(0, MAX_TRIPS_PER_HOUR), coerce=True,
            description="Trips that started in the hour", metadata={"unit": "trips"},
        ),
        "holiday": pa.Column(
            "int64", pa.Check.isin([0, 1]), coerce=True, description="1 on a US federal holiday"
        ),
    },
    unique=["date", "hour"],
    strict=True,
    ordered=True,
    name="hourly demand",
)  # fmt: skip

# Ranges hold every value that NOAA has published for LaGuardia, with room; metres or Kelvin do not fit.
WEATHER = pa.DataFrameSchema(
    {
        "DATE": pa.Column("datetime64[ns]", _midnight, unique=True, coerce=True, description="Day"),
        "TMAX": _number(-40, 130, required=True, meaning="Highest temperature of the day", unit="°F"),
        "TMIN": _number(-50, 110, required=True, meaning="Lowest temperature of the day", unit="°F"),
        "SNOW": _number(0, 60, required=True, meaning="Snowfall of the day", unit="inch"),
        "PRCP": _number(0, 25, required=False, meaning="Rain and melted snow of the day", unit="inch"),
        "AWND": _number(0, 120, required=False, meaning="Average wind of the day", unit="mph"),
        "SNWD": _number(0, 120, required=False, meaning="Snow on the ground", unit="inch"),
        "TAVG": _number(-45, 120, required=False, meaning="Average temperature of the day", unit="°F"),
    },
    checks=pa.Check(lambda frame: frame["TMAX"] >= frame["TMIN"], name="TMAX is at least TMIN"),
    strict=True,
    name="daily weather",
)


def checked(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Return the frame in the contract's types.

    Raises:
        DataError: The contract is broken; the first few problems are named with column and row.
    """
    try:
        return schema.validate(frame, lazy=True)
    except SchemaErrors as err:
        raise DataError(
            f"the {schema.name} table breaks its contract: {_problems(err.failure_cases)}"
        ) from err


def _problems(cases: pd.DataFrame, *, shown: int = 5) -> str:
    listed = "; ".join(_problem(case) for case in cases.head(shown).to_dict("records"))
    more = len(cases) - shown
    return f"{listed}; and {more} more" if more > 0 else listed


def _problem(case: dict[Any, Any]) -> str:
    row = "" if pd.isna(case["index"]) else f" in row {int(case['index'])}"
    return f"column {case['column']}: {case['check']}, found {case['failure_case']}{row}"
