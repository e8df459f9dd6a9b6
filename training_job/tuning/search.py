"""The search file: families with ranges and starting points, validation, sampler, pruner."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bikecast.evaluation.metrics import MAE
from bikecast.families import NAMES
from bikecast.use_case import UseCase
from bikecast.use_case.declaration import SEARCH

if TYPE_CHECKING:
    import optuna


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SearchRange(Part):
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


class FamilySearch(Part):
    """What one family tries first, and where the search may go."""

    start: dict[str, int | float]
    space: dict[str, SearchRange]

    def allows(self, params: Mapping[str, float]) -> bool:
        """Tell whether the search could draw these hyperparameters: all of them, each within its range."""
        inside = (
            span.low <= params[name] <= span.high for name, span in self.space.items() if name in params
        )
        return set(params) == set(self.space) and all(inside)


class Sampler(Part):
    startup_trials: int = Field(ge=1)


class Pruner(Part):
    margins: tuple[Annotated[float, Field(ge=0)], ...]
    startup_trials: int = Field(ge=1)


class Worker(Part):
    heartbeat_s: int = Field(ge=1)
    grace_s: int = Field(ge=2)
    retries: int = Field(ge=0)


class ComparisonFamilies(Part):
    families: tuple[str, ...] = ()


class Search(Part):
    """The whole file; a use case may add parts of its own."""

    sampler: Sampler
    pruner: Pruner
    worker: Worker
    families: dict[str, FamilySearch] = Field(min_length=1)
    comparison: ComparisonFamilies = ComparisonFamilies()

    @model_validator(mode="after")
    def _families_exist(self) -> Self:
        if unknown := ({*self.families, *self.comparison.families} - set(NAMES)):
            raise ValueError(f"unknown families {sorted(unknown)}; there are {', '.join(NAMES)}")
        return self


def search_of(use_case: UseCase) -> Search:
    """Return what a use case's file says.

    Where it brings none and MAE decides, XGBoost is tried with absolute errors too, over the same ranges.
    """
    found = load_search(use_case.search)
    if use_case.search != SEARCH or use_case.metrics[0] != MAE:
        return found
    families = {**found.families, "xgboost_absolute": found.families["xgboost"]}
    return found.model_copy(update={"families": families})


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
