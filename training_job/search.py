"""The search as data: families, their spaces and starts, validation, sampler, pruner."""

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bikecast import splits
from bikecast.arrays import Hours
from bikecast.families import NAMES
from bikecast.level import LevelState

if TYPE_CHECKING:
    import optuna


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Part):
    """One hyperparameter: integers if both ends are integers."""

    low: int | float
    high: int | float
    step: int | None = None
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"`low < high` must hold, but got (low={self.low}, high={self.high})")
        return self

    def suggest(self, trial: "optuna.Trial", name: str) -> int | float:
        """Ask the sampler for a value."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(name, self.low, self.high, step=self.step or 1, log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)


class FamilySearch(_Part):
    """What one family tries first, and where the search may go."""

    start: dict[str, int | float]
    space: dict[str, Range]


class Validation(_Part):
    """How trials are judged: this many rolling origins, each validating this many days."""

    folds: int = Field(ge=2)
    days: int = Field(ge=7)


class Blocks(_Part):
    """Which days are left out in turn to learn how far the model strays."""

    folds: int = Field(ge=2)
    block_days: int = Field(ge=1)

    def folds_of(self, hours: Hours) -> list[splits.Fold]:
        """Cut the training window."""
        return list(splits.blocked_folds(hours, n_folds=self.folds, block_days=self.block_days))


class Sampler(_Part):
    startup_trials: int = Field(ge=1)


class Pruner(_Part):
    margins: tuple[Annotated[float, Field(ge=0)], ...]
    startup_trials: int = Field(ge=1)


class Worker(_Part):
    heartbeat_s: int = Field(ge=1)
    grace_s: int = Field(ge=2)
    retries: int = Field(ge=0)


class Level(_Part):
    half_life_days: float = Field(gt=0)
    horizon_hours: int = Field(ge=0)

    def state(self) -> LevelState:
        """Return an empty ledger under these rules."""
        return LevelState(half_life_days=self.half_life_days, horizon_hours=self.horizon_hours)


class Yardsticks(_Part):
    families: tuple[str, ...] = ()


class Search(_Part):
    """The whole file of a declared use case."""

    sampler: Sampler
    pruner: Pruner
    worker: Worker
    families: dict[str, FamilySearch] = Field(min_length=1)
    yardsticks: Yardsticks = Yardsticks()

    @model_validator(mode="after")
    def _families_exist(self) -> Self:
        if unknown := ({*self.families, *self.yardsticks.families} - set(NAMES)):
            raise ValueError(f"unknown families {sorted(unknown)}; there are {', '.join(NAMES)}")
        return self


class HourlySearch(Search):
    """The file of hourly demand, which also says how its hours are split and its level follows."""

    validation: Validation
    calibration: Blocks
    level: Level

    def folds(self, hours: Hours) -> list[splits.Fold]:
        """Cut the training window; a short one gets shorter validation windows.

        Raises:
            DataError: Even windows of a week leave too little to train on.
        """
        wanted = self.validation
        days = int(np.unique(hours.astype("datetime64[D]")).size)
        longest = (days - splits.FEWEST_TRAIN_DAYS) // wanted.folds
        length = max(min(wanted.days, longest), 7)
        return list(splits.rolling_folds(hours, n_folds=wanted.folds, valid_days=length))


@cache
def load_hourly_search(path: Path) -> HourlySearch:
    """Read and check the file of hourly demand; ``pydantic.ValidationError`` names what is wrong."""
    return HourlySearch.model_validate(tomllib.loads(path.read_text()))


@cache
def load_search(path: Path) -> Search:
    """Read and check the file; ``pydantic.ValidationError`` names what is wrong."""
    return Search.model_validate(tomllib.loads(path.read_text()))


def split_params(params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return family and hyperparameters of a trial whose parameters are named ``<family>.<name>``."""
    family = str(params["family"])
    prefix = f"{family}."
    return family, {
        name.removeprefix(prefix): value for name, value in params.items() if name.startswith(prefix)
    }
