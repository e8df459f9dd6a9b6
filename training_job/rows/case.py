"""One retraining of a declared use case: its rows, their split, and how models are compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array
from bikecast.evaluation.backtest import out_of_sample_error
from bikecast.evaluation.sample import Sample
from bikecast.evaluation.splits import Fold, Parts
from bikecast.examples import to_sample
from bikecast.families import Fitted, TaskShape, family
from bikecast.families.blend import Blend
from bikecast.use_case import Classification, UseCase

if TYPE_CHECKING:
    import pandas as pd

Found = Mapping[str, Mapping[str, Any]]
FitFamily = Callable[[Sample], Fitted]


@dataclass(frozen=True)
class RowCase:
    """One retraining.

    Attributes:
        use_case: The declaration.
        everything: All rows of the frozen training set.
        request: The fields of the retrain request that the split declares.
    """

    use_case: UseCase
    everything: Sample
    request: Mapping[str, Any]

    @classmethod
    def of(cls, use_case: UseCase, frame: "pd.DataFrame", request: Mapping[str, Any]) -> "RowCase":
        """Turn a frozen training set into arrays."""
        return cls(use_case, to_sample(use_case, frame), request)

    @cached_property
    def parts(self) -> Parts:
        """Which rows train, validate and judge."""
        return self.use_case.split.parts(self.everything.time, self.everything.target, self.request)

    @cached_property
    def folds(self) -> list[Fold]:
        """By which trials are judged; never a row of the holdout."""
        return self.use_case.split.folds(self.everything.time, self.everything.target, self.request)

    @cached_property
    def calibration_folds(self) -> list[Fold]:
        """Whose predictions teach what is done after the model; never a row of the holdout."""
        return self.use_case.split.calibration_folds(
            self.everything.time, self.everything.target, self.request
        )

    @cached_property
    def calibrates_on_its_folds(self) -> bool:
        """Whether the folds of tuning are those of calibration, so that nothing need be fitted again."""
        pairs = zip(self.folds, self.calibration_folds, strict=False)
        same = all(np.array_equal(a.train, b.train) and np.array_equal(a.valid, b.valid) for a, b in pairs)
        return same and len(self.folds) == len(self.calibration_folds)

    @property
    def training(self) -> Sample:
        """The rows that the final model is fitted on."""
        return self.everything.take(self.parts.train)

    @property
    def holdout(self) -> Sample:
        """The rows that tuning and training never saw."""
        return self.everything.take(self.parts.holdout)

    @cached_property
    def shape(self) -> TaskShape:
        """What a model family must know of the task."""
        task, features = self.use_case.task, self.use_case.features
        n_classes = len(task.classes) if isinstance(task, Classification) else None
        return TaskShape(n_classes, features.names, features.categorical)

    def error(self, raw: Array) -> float:
        """Return the primary metric's error of out-of-sample raw output, NaN where there is none."""
        return out_of_sample_error(
            self.everything,
            raw,
            after_model=self.use_case.after_model,
            metric=self.use_case.metrics[0],
            task=self.use_case.task,
        )

    def fit_one(self, name: str, params: Mapping[str, Any], *, seed: int) -> FitFamily:
        """Return the function that fits one family."""

        def fit(sample: Sample) -> Fitted:
            return family(name).fit(sample.features, sample.target, task=self.shape, params=params, seed=seed)

        return fit

    def fit_blend(self, params: Found, *, seed: int) -> FitFamily:
        """Return the function that fits all members."""

        def fit(sample: Sample) -> Fitted:
            return Blend(
                {name: self.fit_one(name, found, seed=seed)(sample) for name, found in params.items()}
            )

        return fit
