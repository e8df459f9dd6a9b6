"""What every model family offers: fit, predict, and an ONNX graph that serves without its library."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from bikecast.arrays import Array, Ints, Matrix
from bikecast.errors import DataError, InputError
from bikecast.families.basis import BasisSpec

if TYPE_CHECKING:
    import onnx

Params = Mapping[str, Any]
ROUNDS = "n_estimators"
NEVER = -30.0  # the margin of a class that no training row has: a probability of about 1e-13


@dataclass(frozen=True)
class TaskShape:
    """What a family must know of a task: numbers or classes, and the columns of the matrix.

    Attributes:
        n_classes: 2 or more; None where a number is predicted.
        feature_names: One for each column, in order.
        categorical: Positions of the columns that hold the index of a level, NaN where it is missing.
        basis: Basis functions of the additive families; None lets them choose from the training rows.
    """

    n_classes: int | None
    feature_names: tuple[str, ...]
    categorical: tuple[int, ...] = ()
    basis: BasisSpec | None = None

    def __post_init__(self) -> None:
        if self.n_classes is not None and self.n_classes < 2:
            raise ValueError(f"`n_classes >= 2` must hold, but got (n_classes={self.n_classes})")
        outside = [position for position in self.categorical if not 0 <= position < self.n_features]
        if outside:
            raise ValueError(f"categorical positions {outside} are outside of {self.n_features} features")

    @property
    def n_features(self) -> int:
        """Columns of the matrix."""
        return len(self.feature_names)

    @property
    def n_margins(self) -> int:
        """Sums that trees or weights give: one for a number and for two classes, else one for each class."""
        return 1 if self.n_classes in (None, 2) else int(self.n_classes or 1)


class Fitted(Protocol):
    """A model that was fitted; it stays in the process that fitted it, and its graph leaves."""

    def predict(self, features: Matrix) -> Array:
        """Return numbers of shape (n,), or probabilities of shape (n, n_classes) whose rows sum to 1."""
        ...

    def to_onnx(self) -> "onnx.ModelProto":
        """Return a graph from ``features`` (float32, n x n_features).

        Its output is ``values`` (float32, n x 1) or ``probabilities`` (float32, n x n_classes).
        """
        ...

    def importance(self) -> dict[str, float]:
        """Return each feature's share of what the model explains, in [0, 1]; they sum to 1."""
        ...


class Family(Protocol):
    """A way to fit; stateless and importable without its library."""

    name: str

    def fit(self, features: Matrix, target: Array, *, task: TaskShape, params: Params, seed: int) -> Fitted:
        """Fit with these hyperparameters; the same seed gives the same model.

        Args:
            features: Columns as ``task`` names them; NaN where a value is missing; shape (n, n_features).
            target: The number, or the index of the class; shape (n,).
            task: What the columns are and what is predicted.
            params: Names and values as the search space spells them; absent ones take the family's default.
            seed: Of everything random.
        Raises:
            DataError: The rows do not fit the task, or all have the same target.
            InputError: The family cannot do the task.
        """
        ...


@runtime_checkable
class Staged(Protocol):
    """A family that fits in rounds: one fit shows what every smaller number of rounds gives."""

    def stages(
        self,
        features: Matrix,
        target: Array,
        *,
        valid: Matrix,
        rounds: Sequence[int],
        task: TaskShape,
        params: Params,
        seed: int,
    ) -> Iterator[Array]:
        """Yield the output for ``valid`` after each of these rounds, equal to that of ``fit`` with as many.

        Rounds are fitted when their output is asked for. One thread must ask for all of them, and in the
        meantime for those of no other fit: the library's random numbers belong to the thread.
        """
        ...


def check_rows(features: Matrix, target: Array, *, task: TaskShape) -> None:
    """Refuse rows that nothing can be learned from, with the reason.

    Raises:
        DataError: Shapes differ, a target is missing or not a class, or all targets are the same.
    """
    if features.shape != (target.size, task.n_features) or target.ndim != 1:
        wanted = f"{target.size} rows of {task.n_features} features"
        raise DataError(f"features: {wanted} are needed, but the shape is {features.shape}")
    if not np.isfinite(target).all():
        raise DataError(f"target: {int((~np.isfinite(target)).sum())} of {target.size} values are missing")
    if task.n_classes is not None and not np.isin(target, np.arange(task.n_classes)).all():
        raise DataError(f"target: classes must be 0 to {task.n_classes - 1}, the index of the class")
    if target.size == 0 or target.min() == target.max():
        what = f"all {target.size} rows have the same target" if target.size else "there are no rows"
        raise DataError(f"target: {what}, so nothing can be learned; train on more or other rows")


def refuse_classes(name: str, *, task: TaskShape) -> None:
    """Raise ``InputError`` if a family that predicts numbers only is asked for classes."""
    if task.n_classes is not None:
        raise InputError(f"family: {name} predicts numbers, not {task.n_classes} classes; leave it out")


def spread(values: Array, *, classes: Ints, n_classes: int, absent: float) -> Array:
    """Return columns for all classes, given those of ``classes``; ``absent`` stands in the others."""
    wide = np.full((len(values), n_classes), absent)
    wide[:, classes] = values
    return wide


def shares(weights: Array, *, task: TaskShape) -> dict[str, float]:
    """Return each feature's share of the sum of non-negative weights; all the same where that is zero."""
    total = float(weights.sum())
    parts = weights / total if total > 0 else np.full(weights.size, 1 / weights.size)
    return dict(zip(task.feature_names, parts.tolist(), strict=True))
