"""Where scored hours come from: the prediction log with actuals, or processed data scored by a model."""

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bikecast.arrays import Mask
from bikecast.drift import DriftLimits
from bikecast.monitoring.windows import RECENT, Window
from bikecast.names import TIME_ZONE
from bikecast.registry.manifest import ChampionManifest
from bikecast.storage import ObjectStore
from use_cases.citibike.features import OPTIONAL_WEATHER, REQUIRED_WEATHER, build_features
from use_cases.citibike.model.forecaster import Forecaster
from use_cases.citibike.monitoring.hours import (
    FACTOR,
    HIGH,
    HOLIDAY,
    LOW,
    PREDICTION,
    TARGET,
    WEATHER,
    ScoredHours,
    Timestamps,
)
from use_cases.citibike.monitoring.tables import read_processed

if TYPE_CHECKING:
    import psycopg

LEVEL_MEMORY_DAYS = 56


@dataclass(frozen=True)
class Champion:
    """What the monitor needs of one model version."""

    manifest: ChampionManifest
    forecaster: Forecaster
    history: ScoredHours
    thresholds: DriftLimits

    @property
    def version(self) -> str:
        """As the registry numbers it."""
        return self.manifest.version

    @property
    def published_at(self) -> dt.datetime:
        """Aware UTC."""
        return self.manifest.published_at


@dataclass(frozen=True)
class Loaded:
    """Scored hours of a span, the hours that its files hold in several rows, and where data end."""

    hours: ScoredHours
    repeated: Timestamps = field(default_factory=lambda: np.empty(0, "datetime64[s]"))
    newest: np.datetime64 = field(default_factory=lambda: np.datetime64("NaT"))
    every_hour: bool = True  # False where an hour without a row means that nobody asked

    def is_recent(self, window: Window) -> bool:
        """Tell whether a window ends in the last two weeks of known data.

        A look at older history must open no incident.
        """
        return bool(window.edges[1] > self.newest - np.timedelta64(RECENT))

    def actual_until(self) -> dt.datetime | None:
        """Return the last hour whose actual demand is known."""
        known = self.hours.timestamp[~np.isnan(self.hours[TARGET])]
        return known.max().astype("datetime64[s]").astype(dt.datetime) if len(known) else None


def load_processed(store: ObjectStore, champion: Champion, *, span: Window) -> Loaded:
    """Score the processed tables of a span of days and of eight weeks before it.

    Hours of the training window keep the predictions they were published with, made by a model that did not
    see them, beside demand and weather as they are known now; later ones are scored as the predictor would
    have: the level knows only days that its horizon allows, and it forgets in far less than eight weeks.
    Hours without weather are there without a prediction.
    """
    wide = Window(span.start - dt.timedelta(days=LEVEL_MEMORY_DAYS), span.end)
    frame, repeated = read_processed(store, wide)
    names = [name for name in (TARGET, HOLIDAY, *WEATHER) if name in frame.columns]
    stamps = frame["timestamp"].to_numpy(dtype="datetime64[s]")
    newest = stamps.max() if len(stamps) else np.datetime64("NaT")
    hours = ScoredHours(stamps, {name: frame[name].to_numpy(dtype=np.float64) for name in names})
    hours = hours.between(*wide.edges)
    later = ~np.isin(hours.timestamp, champion.history.timestamp)
    scored = ScoredHours.joined([_published(hours, champion.history), score(hours.take(later), champion)])
    gone = {name: scored[name] for name in WEATHER if champion.history.has(name)}
    return Loaded(ScoredHours(scored.timestamp, {**scored.columns, **gone}), repeated, newest)


def _published(hours: ScoredHours, history: ScoredHours) -> ScoredHours:
    _, now, then = np.intersect1d(hours.timestamp, history.timestamp, return_indices=True)
    observed = (TARGET, *WEATHER)
    predicted = {name: values[then] for name, values in history.columns.items() if name not in observed}
    return ScoredHours(hours.timestamp[now], predicted | {name: hours[name][now] for name in observed})


def score(hours: ScoredHours, champion: Champion) -> ScoredHours:
    """Put the champion's predictions beside hours of known demand; NaN where needed weather is missing."""
    needed = np.asarray([hours[name] for name in REQUIRED_WEATHER])
    usable: Mask = ~np.isnan(needed).any(axis=0)
    rows = hours.take(usable)
    columns = {**hours.columns, **{n: np.full(len(hours), np.nan) for n in (PREDICTION, LOW, HIGH, FACTOR)}}
    if len(rows):
        features = build_features(rows.timestamp, {n: rows[n] for n in WEATHER if n in rows.columns})
        factors = _factors(rows, champion, champion.forecaster.model.predict(features))
        forecast = champion.forecaster.predict_features(features, factors=factors)
        parts = {PREDICTION: forecast.values, LOW: forecast.low, HIGH: forecast.high, FACTOR: factors}
        for name, values in parts.items():
            columns[name][usable] = values
    return ScoredHours(hours.timestamp, columns)


def _factors(rows: ScoredHours, champion: Champion, stateless: np.ndarray) -> np.ndarray:
    level, known = champion.forecaster.level, ~np.isnan(rows[TARGET])
    if level.as_of is not None:  # days of the history were scored without being seen; they stay
        known &= rows.days() > np.datetime64(level.as_of, "D")
    if known.any():
        level = level.updated(rows.timestamp[known], rows[TARGET][known], stateless[known])
    factors: np.ndarray = level.factors(rows.timestamp)
    return factors


# One row an hour, whatever the traffic: a window of a million predictions costs the memory of a quiet one.
# The last answer before the hour was over is what a rider would have gone by; of later ones, the last.
PREDICTIONS_QUERY = """
select distinct on (hour) hour, prediction, low, high, a.value as trips, {weather}
from (
    select key, date_trunc('hour', predicted_for) as hour, requested_at, prediction, low, high, inputs
    from monitoring.predictions
    where use_case = 'citibike' and model_version = %(version)s
      and predicted_for >= %(start)s and predicted_for < %(end)s
) asked
left join monitoring.actuals a on a.use_case = 'citibike' and a.key = asked.key
order by hour, (requested_at at time zone %(zone)s <= hour + interval '1 hour') desc, requested_at desc
"""


NEWEST_QUERY = "select max(predicted_for) from monitoring.predictions where use_case = 'citibike'"


def load_predictions(connection: "psycopg.Connection", version: str, *, span: Window) -> Loaded:
    """Return a version's captured predictions with the actual demand, where it has come, one row an hour."""
    weather = ", ".join(f"(inputs ->> '{name}')::float8" for name in WEATHER)
    values = {"version": version, "start": span.start, "end": span.end, "zone": TIME_ZONE}
    rows = connection.execute(PREDICTIONS_QUERY.format(weather=weather).encode(), values).fetchall()
    stamps = np.asarray([row[0] for row in rows], dtype="datetime64[s]")
    names = (PREDICTION, LOW, HIGH, TARGET, *WEATHER)
    table = np.asarray([row[1:] for row in rows], dtype=np.float64).reshape(len(rows), len(names))
    columns = {name: table[:, i] for i, name in enumerate(names)}
    # Optional weather that callers never send has no column; one that they stop sending is missing.
    sent = {n: c for n, c in columns.items() if n not in OPTIONAL_WEATHER or not np.isnan(c).all()}
    hours = ScoredHours(stamps, sent)
    newest = connection.execute(NEWEST_QUERY).fetchone()
    return Loaded(hours, newest=np.datetime64((newest or [None])[0] or "NaT", "s"), every_hour=False)
