"""The search file of hourly demand: beside the families, how its hours are split and its level follows."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from bikecast.arrays import Hours
from bikecast.evaluation.splits.folds import FEWEST_TRAIN_DAYS, Fold, blocked_folds, rolling_folds
from training_job.tuning.search import Part, Search
from use_cases.citibike.model.level import LevelState

SEARCH_FILE = Path(__file__).parents[1] / "search.toml"


class Validation(Part):
    """How trials are judged: this many rolling origins, each validating this many days."""

    folds: int = Field(ge=2)
    days: int = Field(ge=7)


class Blocks(Part):
    """Which days are left out in turn to learn how far the model errs."""

    folds: int = Field(ge=2)
    block_days: int = Field(ge=1)

    def folds_of(self, hours: Hours) -> list[Fold]:
        """Cut the training window."""
        return list(blocked_folds(hours, n_folds=self.folds, block_days=self.block_days))


class Level(Part):
    half_life_days: float = Field(gt=0)
    horizon_hours: int = Field(ge=0)
    persistence: float = Field(0.0, ge=0, lt=1)

    def state(self) -> LevelState:
        """Return an empty history under these rules, for the model of the day's values."""
        return LevelState(half_life_days=self.half_life_days, horizon_hours=self.horizon_hours)

    def hourly_state(self) -> LevelState:
        """Return the same for the model of hourly weather, whose errors persist for a day or two."""
        return self.state().model_copy(update={"persistence": self.persistence})


class HourlySearch(Search):
    """The file of hourly demand, which also says how its hours are split and its level follows.

    ``hourly`` names the families that take hourly weather, with hyperparameters that are not searched.
    """

    validation: Validation
    calibration: Blocks
    level: Level
    hourly: dict[str, dict[str, Any]] = Field(default={"xgboost": {}, "xgboost_poisson": {}})

    def folds(self, hours: Hours) -> list[Fold]:
        """Cut the training window; a short one gets shorter validation windows.

        Raises:
            DataError: Even windows of a week leave too little to train on.
        """
        wanted = self.validation
        days = int(np.unique(hours.astype("datetime64[D]")).size)
        longest = (days - FEWEST_TRAIN_DAYS) // wanted.folds
        length = max(min(wanted.days, longest), 7)
        return list(rolling_folds(hours, n_folds=wanted.folds, valid_days=length))


@cache
def load_hourly_search(path: Path) -> HourlySearch:
    """Read and check the file of hourly demand; ``pydantic.ValidationError`` names what is wrong."""
    return HourlySearch.model_validate(tomllib.loads(path.read_text()))
