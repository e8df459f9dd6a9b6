"""Bring the champion's level up to date with the demand that has arrived."""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from bikecast.errors import DataError
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest
from training_job.runtime.context import Context
from use_cases.citibike.data_coverage import read_coverage
from use_cases.citibike.hourly_weather.refreshing import refreshed_part
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.forecaster import Forecaster, level_of
from use_cases.citibike.training import dataset

logger = logging.getLogger(__name__)

# Days that are looked at again, because a month's last hours arrive with the next month's file.
OVERLAP_DAYS = 3


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - every step is called alike
    """Return the level's last day before and after, and its factor; without a champion nothing happens.

    Raises:
        ConflictError: Somebody else published in between; call again.
    """
    champions = ChampionStore(context.serving)
    current = champions.read()
    if current.manifest is None:
        return {"refreshed": False, "reason": "there is no champion yet"}
    manifest = current.manifest
    sample = _arrived(context, manifest)
    if sample is None:
        return {"refreshed": False, "reason": "no demand has arrived since", "as_of": _iso(manifest)}
    champion = Forecaster.load(context.serving, manifest)
    level = level_of(manifest).updated(sample.hours, sample.actual, champion.model.predict(sample.features))
    parts = manifest.parts | refreshed_part(context.data, context.serving, manifest, sample)
    fresh = manifest.model_copy(update={"level": level.model_dump(mode="json"), "parts": parts})
    champions.refresh(fresh, replacing=current)
    return {
        "refreshed": True,
        "before": _iso(manifest),
        "as_of": _iso(fresh),
        "factor": round(level.latest_factor(), 4),
    }


def _arrived(context: Context, manifest: ChampionManifest) -> Sample | None:
    """Return the whole days since the level was last brought up to date that have demand and weather."""
    end = read_coverage(context.data).last
    as_of = level_of(manifest).as_of or manifest.holdout.window()[1].date()
    if end <= as_of:
        return None
    start = as_of - dt.timedelta(days=OVERLAP_DAYS)
    try:
        sample = dataset.to_sample(dataset.read_hours(context.data, start, end))
    except DataError as err:
        logger.warning("the level stays: its new days are not complete", exc_info=err)
        return None
    hours_of_day = np.unique(sample.hours.astype("datetime64[D]"), return_counts=True)
    whole = hours_of_day[0][hours_of_day[1] >= 23]  # the spring day has 23
    return sample.take(np.isin(sample.hours.astype("datetime64[D]"), whole))


def _iso(manifest: ChampionManifest) -> str | None:
    as_of = level_of(manifest).as_of
    return as_of.isoformat() if as_of else None
