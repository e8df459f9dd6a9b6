"""Splits by a seed, for rows without a time.

The seed belongs to the declaration, not to the request: with another one, the champion would be judged on
rows that it was fitted on.
"""

from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array, Ints, Mask
from bikecast.errors import DataError
from bikecast.evaluation.sample import Times
from bikecast.evaluation.splits.base import Parts, Request, SplitRequest, check_classes
from bikecast.evaluation.splits.folds import Fold, dealt_folds, dealt_share
from bikecast.requests import parse_request

FEWEST_ROWS = 100


@dataclass(frozen=True)
class Drawn:
    """A share of the rows is held out and the rest folded, drawn by a seed."""

    holdout: float = 0.2
    seed: int = 42
    n_folds: int = 5

    @property
    def request_model(self) -> type[SplitRequest]:
        """Nothing can be asked for."""
        return SplitRequest

    def parts(self, time: Times | None, target: Array, request: Request) -> Parts:  # noqa: ARG002 - rows without a time
        """Divide the rows; nothing is left for validation."""
        parse_request(SplitRequest, request)
        if target.size < FEWEST_ROWS:
            raise DataError(f"{target.size} rows are too few to split; {FEWEST_ROWS} are needed: load more")
        held = self._held_out(target)
        description = f"{100 * self.holdout:g} % held out, drawn with seed {self.seed}"
        return Parts(~held, np.zeros(held.shape, dtype=bool), held, description)

    def folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return folds that each predict another share of the training part."""
        train = self.parts(time, target, request).train
        strata = self._strata(target[train])
        return [fold.spread(train) for fold in dealt_folds(strata, n_folds=self.n_folds, seed=self.seed)]

    def calibration_folds(self, time: Times | None, target: Array, request: Request) -> list[Fold]:
        """Return the folds of tuning."""
        return self.folds(time, target, request)

    def _held_out(self, target: Array) -> Mask:
        return dealt_share(self._strata(target), share=self.holdout, seed=self.seed)

    def _strata(self, target: Array) -> Array:
        return np.zeros(target.shape)


@dataclass(frozen=True)
class Stratified(Drawn):
    """The same share of every class is held out, and of every class in each fold.

    Attributes:
        classes: Names for errors, in the order of the task; every one must have rows.
        published: Rows of a published file that come first in the table. They are drawn as scikit-learn's
            ``train_test_split`` draws them, so that scores compare with those that others publish; rows
            beyond them are dealt.
    """

    classes: tuple[str, ...] = ()
    published: int = 0

    def parts(self, time: Times | None, target: Array, request: Request) -> Parts:
        """Divide every class alike."""
        parts = super().parts(time, target, request)
        check_classes(target, parts.holdout, classes=self.classes, part="holdout")
        check_classes(target, parts.train, classes=self.classes, part="training")
        return parts

    def _held_out(self, target: Array) -> Mask:
        n_first = self.published if target.size >= self.published else 0
        held = np.zeros(target.shape, dtype=bool)
        held[n_first:] = super()._held_out(target[n_first:])
        if n_first:
            held[self._drawn_at_once(target[:n_first])] = True
        return held

    def _drawn_at_once(self, target: Array) -> Ints:
        # Imported here, as a declaration is read where it is not installed.
        from sklearn.model_selection import train_test_split

        # By name, as files have classes: their order, for names the alphabet's, is part of the draw.
        names = np.asarray(self.classes)[target.astype(np.int64)]
        rows = np.arange(target.size)
        _, held = train_test_split(rows, test_size=self.holdout, stratify=names, random_state=self.seed)
        return np.asarray(held)

    def _strata(self, target: Array) -> Array:
        return target
