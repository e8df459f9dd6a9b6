"""The data dictionary of hourly demand, whose tables have contracts of their own."""

from collections.abc import Iterator

from docs_site.data_dictionary import contract_table
from docs_site.markdown import code, page, table
from use_cases.citibike.features import FEATURES
from use_cases.citibike.hourly_weather.table import forecasts_key, observed_key
from use_cases.citibike.keys import citibike_key, weather_key
from use_cases.citibike.tables.contracts import HOURLY, WEATHER
from use_cases.citibike.weather.hourly import HOURLY_WEATHER

YEAR = 2024
TABLES = (
    (HOURLY, (citibike_key,)),
    (WEATHER, (weather_key,)),
    (HOURLY_WEATHER, (observed_key, forecasts_key)),
)
HOURLY_WEATHER_NOTE = """The table also keeps `issued_at` (when the forecast was made; empty where the weather
was observed) and, where a file has them, humidity and cloud cover in %, the apparent temperature in °F and
gusts in mph, unchecked. A value may be missing in a file; an hour without temperature, rain, snowfall or wind
is left out."""


def hourly_demand_dictionary() -> str:
    """Return the page."""
    return page("citibike: data", ["Trips that start in New York in an hour.", *_tables(), *_features()])


def _tables() -> Iterator[str]:
    for schema, keys in TABLES:
        yield f"## Table: {schema.name}"
        yield f"Files such as {' and '.join(code(key(YEAR)) for key in keys)} in the data bucket, one a year."
        yield contract_table(schema)
        if schema.unique:
            yield f"Unique: {', '.join(code(name) for name in schema.unique)}."
        for check in schema.checks:
            yield f"In each row: {check.name}."
    yield HOURLY_WEATHER_NOTE


def _features() -> Iterator[str]:
    yield "## Features"
    yield "Built by one function in training, serving and monitoring; units °F, inch, mph."
    yield table(
        ("feature", "meaning", "known"), ((code(each.name), each.meaning, each.known) for each in FEATURES)
    )
