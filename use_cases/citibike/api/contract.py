"""Bodies of the prediction API: physical ranges, real dates, nothing silently ignored."""

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bikecast.names import PredictionSource
from bikecast.serving.web.bodies import RequestBody, variant
from bikecast.serving.web.gateway import TOO_MANY_ROWS
from use_cases.citibike.api.hours import HOUR_PATTERN, parse_hour
from use_cases.citibike.api.hours_ahead import HoursAhead
from use_cases.citibike.api.ranges import ANY_FEATURE, FEATURE_RANGES, WEATHER_RANGES, PhysicalRange
from use_cases.citibike.features import FEATURES, OPTIONAL_WEATHER, Feature

MAX_ROWS = 1000
MAX_BODY_BYTES = 1_000_000
FORECAST_HOURS_MIN = 24
FORECAST_HOURS_MAX = 168


def _parse(value: object) -> dt.datetime:
    if not isinstance(value, str):
        raise ValueError("expected text such as 2025-01-02 08:00:00")
    return parse_hour(value)


WallHour = Annotated[
    dt.datetime,
    BeforeValidator(_parse),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": HOUR_PATTERN,
            "examples": ["2025-01-02 08:00:00"],
            "description": "Hour to predict. New York wall time, or any time zone with an explicit offset.",
        }
    ),
]


def _number(legal: PhysicalRange, description: str) -> Any:
    return Field(ge=legal.low, le=legal.high, strict=True, allow_inf_nan=False, description=description)


def _daily(name: str, description: str) -> Any:
    return _number(WEATHER_RANGES[name], description)


TMax = Annotated[float, _daily("TMAX", "Highest temperature of the day, F.")]
TMin = Annotated[float, _daily("TMIN", "Lowest temperature of the day, F.")]
Snow = Annotated[float, _daily("SNOW", "Snowfall of the day, inch.")]
Direction = Annotated[
    float, _number(PhysicalRange(-1, 1), "Sine or cosine; only the direction of the pair counts.")
]


class _Weather(BaseModel):
    """Daily weather as NOAA publishes it."""

    TMAX: TMax
    TMIN: TMin
    SNOW: Snow

    @model_validator(mode="after")
    def _temperatures_in_order(self) -> Self:
        if self.TMIN > self.TMAX:
            raise ValueError(f"`TMIN <= TMAX` must hold, but got (TMIN={self.TMIN}, TMAX={self.TMAX})")
        return self


class TripHour(_Weather):
    """One hour to predict, with the weather of its day."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"date": "2025-01-02 08:00:00", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0}]
        },
    )

    date: WallHour
    PRCP: Annotated[float, _daily("PRCP", "Rain and melted snow of the day, inch.")] | None = None
    AWND: Annotated[float, _daily("AWND", "Average wind of the day, mph.")] | None = None
    SNWD: Annotated[float, _daily("SNWD", "Snow on the ground, inch.")] | None = None
    TAVG: Annotated[float, _daily("TAVG", "Average temperature of the day, F.")] | None = None


def _within_limit(rows: Any) -> Any:
    if isinstance(rows, list) and len(rows) > MAX_ROWS:
        raise PydanticCustomError(TOO_MANY_ROWS, f"at most {MAX_ROWS} rows a request; split the batch")
    return rows


# The limit is checked before the rows are, and answered by 413, so it is not part of the schema.
Limited = BeforeValidator(_within_limit)
_Rows = Field(min_length=1, description=f"At most {MAX_ROWS} rows.")


class TripRequest(RequestBody):
    """Body of ``/predict_trip``."""

    input_data: Annotated[list[TripHour], Limited] = _Rows
    hourly: HoursAhead | None = Field(
        None, description="Weather by the hour, of every whole day that is asked for and the days before it."
    )

    @model_validator(mode="after")
    def _hourly_covers_the_rows(self) -> Self:
        days = {row.date.date() for row in self.input_data}
        incomplete = [] if self.hourly is None else self.hourly.incomplete_days(days)
        if incomplete:
            raise ValueError(f"`hourly.time` must hold every hour of {incomplete[0]}, which is asked for")
        return self


class ClockFeatures(_Weather):
    """Features as the predecessor project's service took them; other columns of its tables are ignored."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "holiday": 0, "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0,
                    "hr_sin": 0.866, "hr_cos": -0.5, "weekday_sin": 0.434, "weekday_cos": -0.901,
                    "week_sin": 0.0, "week_cos": 1.0, "mnth_sin": 0.0, "mnth_cos": 1.0,
                }
            ]
        },
    )  # fmt: skip

    holiday: Annotated[
        float, _number(PhysicalRange(0, 1), "1 on a federal holiday; part of what the hour is found by.")
    ]
    hr_sin: Direction
    hr_cos: Direction
    weekday_sin: Direction
    weekday_cos: Direction
    week_sin: Direction
    week_cos: Direction
    mnth_sin: Direction
    mnth_cos: Direction


def _model_feature_fields() -> dict[str, Any]:
    return {feature.name: _model_feature(feature) for feature in FEATURES}


def _model_feature(feature: Feature) -> tuple[Any, Any]:
    number = Annotated[float, _number(FEATURE_RANGES.get(feature.name, ANY_FEATURE), feature.meaning)]
    return (number | None, None) if feature.name in OPTIONAL_WEATHER else (number, ...)


ModelFeatures: type[BaseModel] = create_model(
    "ModelFeatures",
    __config__=ConfigDict(extra="forbid"),
    __doc__="Features as the served model takes them, by name; see /model for their meaning.",
    **_model_feature_fields(),
)


CLOCK, MODEL = variant("clock"), variant("model")


def _kind(rows: Any) -> str:
    first = rows[0] if isinstance(rows, list) and rows else None
    return MODEL if isinstance(first, dict) and "sun" in first and "hr_sin" not in first else CLOCK


FeatureRows = Annotated[
    Annotated[list[ClockFeatures], _Rows, Tag(CLOCK)] | Annotated[list[ModelFeatures], _Rows, Tag(MODEL)],
    Discriminator(_kind),
    Limited,
]


class FeatureRequest(RequestBody):
    """Body of ``/predict``: engineered features by name, all rows of one kind."""

    input_data: FeatureRows


class Prediction(BaseModel):
    """One predicted hour."""

    model: str = Field(
        description="Registered name of the model, or `seasonal-naive` when no model could answer."
    )
    prediction: float = Field(description="Expected trips started in the hour.")
    date: str | None = Field(description="The hour, New York wall time.")
    low: float = Field(description="Lower end of the prediction interval.")
    high: float = Field(description="Upper end of the prediction interval.")
    model_version: str
    source: PredictionSource = Field(description="Who answered; anything but `champion` is a fallback.")


class Predictions(BaseModel):
    """Answers, in the order of the rows asked for."""

    predictions: list[Prediction]


class ForecastQuery(BaseModel):
    """Query of ``/forecast``."""

    model_config = ConfigDict(extra="forbid")

    hours: int = Field(
        FORECAST_HOURS_MIN, ge=FORECAST_HOURS_MIN, le=FORECAST_HOURS_MAX, description="How many hours."
    )
    log: bool = Field(
        True,
        description="Whether the prediction log keeps the answer; false to only look, as `/dashboard` does.",
    )


class ForecastHour(Prediction):
    """One hour ahead, and what its weather is taken from."""

    weather: Literal["forecast", "climatology", "none"]
    rain: float | None = Field(
        description="Rain and snowfall of the hour, inch; null where no forecast by the hour is published."
    )


class Forecast(BaseModel):
    """The next hours."""

    issued_at: dt.datetime
    weather_issued_at: dt.datetime | None = Field(description="When the weather forecast used was issued.")
    demand_known_until: dt.date | None = Field(
        description="Last day whose demand the forecast's level rests on; none if no model answers."
    )
    predictions: list[ForecastHour]
