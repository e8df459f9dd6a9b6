"""The model of hours by hourly weather as it is served, beside the one that takes the day's values."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bikecast.arrays import Array, Hours, Mask, Matrix
from bikecast.errors import ArtifactError
from bikecast.evaluation.scores import Scores
from bikecast.registry.artifacts import fetch
from bikecast.registry.manifest import Artifact
from bikecast.storage import ObjectStore
from use_cases.citibike.hourly_weather.features import NAMES, OBSERVED, POSITION
from use_cases.citibike.hourly_weather.intervals import LeadInterval
from use_cases.citibike.model.forecaster import Forecast, GoldenRows, OnnxModel, check_golden
from use_cases.citibike.model.level import LevelState

PART = "hourly_weather"  # of the champion manifest's parts


def lead_name(lead: float) -> str:
    """Return what tables call a lead."""
    if lead == OBSERVED:
        return "observed"
    return "midnight before the day" if lead == 0 else f"{24 * int(lead)} h before the day"


class HourlyCalibration(BaseModel):
    """What belongs to the fitted model beside its graph."""

    # Part of the champion manifest: a field that newer code added stays in it.
    model_config = ConfigDict(frozen=True, extra="allow")

    level: LevelState
    interval: LeadInterval


class HourlyPart(BaseModel):
    """The part of a champion manifest about hourly weather.

    ``leads`` are those that serve: at the others the day's values predicted the holdout clearly better.
    """

    # Part of the champion manifest: a field that newer code added stays in it.
    model_config = ConfigDict(frozen=True, extra="allow")

    features: tuple[str, ...]
    model: Artifact
    golden: Artifact
    calibration: HourlyCalibration
    leads: tuple[int, ...] = Field(description="Days from the forecast's issue; -1 is observed weather.")
    holdout: dict[str, Scores] = Field(description="Errors and coverage on the holdout, by lead.")
    by_day: dict[str, Scores] = Field(description="Those of the day's values on the same hours, by lead.")


@dataclass(frozen=True)
class HourlyPath:
    """A checked model of hours by hourly weather."""

    model: OnnxModel
    part: HourlyPart

    @classmethod
    def load(cls, store: ObjectStore, fields: dict[str, Any], *, version: str) -> Self:
        """Fetch and check what the manifest's part names.

        Raises:
            ArtifactError: A file is missing or damaged, the part cannot be read, the features are others,
                or golden predictions are not reproduced.
        """
        try:
            part = HourlyPart.model_validate(fields)
        except ValidationError as err:
            problem = err.errors()[0]["msg"]
            raise ArtifactError(f"the hourly part of version {version} cannot be read: {problem}") from err
        unknown = sorted(set(part.features) - set(NAMES))
        if unknown:
            raise ArtifactError(f"version {version} has hourly features that this code lacks: {unknown}")
        model = OnnxModel(fetch(store, part.model))
        check_golden(model, GoldenRows.model_validate_json(fetch(store, part.golden)))
        return cls(model, part)

    def predict(self, hours: Hours, features: Matrix) -> Forecast:
        """Forecast hours of naive New York wall time from ready features."""
        factors = self.part.calibration.level.factors(hours)
        return at_level(self.stateless(features), features, factors, interval=self.part.calibration.interval)

    def stateless(self, features: Matrix) -> Array:
        """Predict before correction; the model takes those features that there were when it was fitted."""
        if self.part.features == NAMES:
            return self.model.predict(features)
        return self.model.predict(features[:, [POSITION[name] for name in self.part.features]])

    def serves(self, lead: Array) -> Mask:
        """Tell the rows whose lead this path answers."""
        found: Mask = np.isin(lead, self.part.leads)
        return found


def at_level(stateless: Array, features: Matrix, factors: Array, *, interval: LeadInterval) -> Forecast:
    """Return predictions corrected by the level, with their interval."""
    values = stateless * factors
    low, high = interval.bounds(features, values)
    return Forecast(values, low, high)
