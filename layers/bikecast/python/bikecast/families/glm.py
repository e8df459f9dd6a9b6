"""A Poisson regression on products of hats: smooth in weather, exact in clock and calendar, readable in full.

A hat is 1 at its knot and falls linearly to 0 at the next ones, so a set of hats is a piecewise-linear
spline, or a one-hot coding where the knots are the integers. A term is one set of hats or the products
of two, such as rain x block of the day. Missing weather takes the mean of the hats over training.

It errs differently from trees: their mean is better than either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bikecast.arrays import Array, Ints, Matrix
from bikecast.errors import FeatureError
from bikecast.families.base import Fitted, Params
from bikecast.features import FEATURE_NAMES

if TYPE_CHECKING:
    import onnx

# name -> (feature, knots)
HATS: dict[str, tuple[str, Sequence[float]]] = {
    "hour": ("hour", range(24)),
    "block": ("hour", (0, 3, 6, 8, 10, 13, 16, 18, 20, 23)),
    "dow": ("dow", range(7)),
    "workday": ("workday", (0, 1)),
    "hol_major": ("hol_major", (0, 1, 2)),
    "xmasweek": ("xmasweek", (0, 1)),
    "tom_off": ("tom_off", (0, 1)),
    "yest_off": ("yest_off", (0, 1)),
    "sun": ("sun", (-18, -6, 0, 6, 20, 45, 70)),
    "tavg": ("TAVG", (20, 35, 50, 65, 80, 90)),
    "rain": ("PRCP", (0, 0.02, 0.1, 0.3, 0.7, 1.5, 3)),
    "wind": ("AWND", (4, 8, 12, 16, 24)),
    "snow": ("SNOW", (0, 0.1, 1, 3)),
    "snow_depth": ("SNWD", (0, 1, 4)),
}
TERMS: tuple[tuple[str, ...], ...] = (
    ("hour", "workday"),
    ("dow", "block"),
    ("hol_major", "block"),
    ("tavg",),
    ("rain", "block"),
    ("wind",),
    ("snow",),
    ("snow_depth",),
    ("sun",),
    ("xmasweek",),
    ("tom_off", "block"),
    ("yest_off", "block"),
)
ALPHA = 0.003
MOST_STEPS = 25
ENOUGH = 1e-5
FAR = 1e9


@dataclass(frozen=True)
class Basis:
    """Every hat as the smaller of two lines, and which two hats each column multiplies.

    Line k of hat i is ``slope_k[i] * x[feature[i]] + shift_k[i]``; column 0 of the hats is constant 1.
    """

    feature: Ints
    up_slope: Array
    up_shift: Array
    down_slope: Array
    down_shift: Array
    first: Ints
    second: Ints

    def hats(self, features: Matrix) -> Array:
        """Return the value of each hat; NaN where its feature is missing."""
        x = features[:, self.feature].astype(np.float64)
        lines = np.minimum(self.up_slope * x + self.up_shift, self.down_slope * x + self.down_shift)
        return np.clip(lines, 0, 1)


def _basis(terms: Sequence[Sequence[str]]) -> Basis:
    names = ["", *dict.fromkeys(name for term in terms for name in term)]
    rows = [(0, 0.0, 1.0, 0.0, 1.0)]  # constant 1
    places: dict[str, list[int]] = {"": [0]}
    for name in names[1:]:
        made = _hat_rows(*HATS[name])
        places[name] = list(range(len(rows), len(rows) + len(made)))
        rows += made
    pairs = [pair for term in terms for pair in _pairs(places, term)]
    table = np.asarray(rows, dtype=np.float64)
    first, second = (np.asarray(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    return Basis(
        feature=table[:, 0].astype(np.int64),
        up_slope=table[:, 1],
        up_shift=table[:, 2],
        down_slope=table[:, 3],
        down_shift=table[:, 4],
        first=first,
        second=second,
    )


def _hat_rows(feature: str, knots: Sequence[float]) -> list[tuple[int, float, float, float, float]]:
    index, last, rows = FEATURE_NAMES.index(feature), len(knots) - 1, []
    for i, knot in enumerate(knots):
        up = 0.0 if i == 0 else 1 / (knot - knots[i - 1])
        down = 0.0 if i == last else 1 / (knots[i + 1] - knot)
        rows.append((index, up, 1 - up * knot, -down, 1 + down * knot))
    return rows


def _pairs(places: dict[str, list[int]], term: Sequence[str]) -> list[tuple[int, int]]:
    first, second = places[term[0]], places[term[1] if len(term) > 1 else ""]
    return [(i, j) for i in first for j in second]


@dataclass(frozen=True)
class GlmFamily:
    """The family for one set of terms."""

    name: str
    terms: tuple[tuple[str, ...], ...]

    def fit(self, features: Matrix, actual: Array, *, params: Params, seed: int) -> Fitted:  # noqa: ARG002 - nothing is random
        """As ``Family.fit``; ``alpha`` is the ridge penalty on standard scale of the mean deviance."""
        basis = _basis(self.terms)
        hats = basis.hats(features)
        missing = _column_means(hats)
        columns = _columns(basis, np.where(np.isnan(hats), missing, hats))
        weights = _newton(columns, actual, alpha=float(params.get("alpha", ALPHA)))
        return GlmModel(basis, missing, weights)


FAMILY = GlmFamily("glm", TERMS)


def _column_means(hats: Array) -> Array:
    known = ~np.isnan(hats)
    total = np.where(known, hats, 0).sum(axis=0)
    mean: Array = np.divide(total, known.sum(axis=0), out=np.zeros(hats.shape[1]), where=known.any(axis=0))
    return mean


def _columns(basis: Basis, hats: Array) -> Array:
    products: Array = hats[:, basis.first] * hats[:, basis.second]
    return np.column_stack([np.ones(len(hats)), products])


def _newton(columns: Array, actual: Array, *, alpha: float) -> Array:
    """Minimise mean Poisson deviance plus ridge by iteratively reweighted least squares.

    Source: McCullagh and Nelder, "Generalized Linear Models", 1989, section 2.5.
    """
    mean = float(actual.mean())
    if not mean > 0:
        raise FeatureError("a Poisson regression needs trips; all hours have none")
    penalty = np.full(columns.shape[1], alpha)
    penalty[0] = 1e-9  # the intercept is free
    weights: Array = np.zeros(columns.shape[1])
    weights[0] = float(np.log(mean))
    for _ in range(MOST_STEPS):
        linear = columns @ weights
        expected = np.exp(linear)
        share = expected / (mean * len(actual))
        target = linear + (actual - expected) / expected
        weighted = columns * share[:, None]
        hessian = weighted.T @ columns + np.diag(penalty)
        better = np.linalg.solve(hessian, weighted.T @ target).astype(np.float64)
        step, weights = float(np.abs(better - weights).max()), better
        if step < ENOUGH:
            break
    return weights


@dataclass(frozen=True)
class GlmModel:
    """Fitted weights; ``missing`` is what a hat is worth where its feature is not known."""

    basis: Basis
    missing: Array
    weights: Array

    def predict(self, features: Matrix) -> Array:
        hats = self.basis.hats(features)
        columns = _columns(self.basis, np.where(np.isnan(hats), self.missing, hats))
        return np.exp(columns @ self.weights)

    def importance(self) -> dict[str, float]:
        spread = np.zeros(len(FEATURE_NAMES))
        for place in (self.basis.first, self.basis.second):
            np.add.at(spread, self.basis.feature[place], np.abs(self.weights[1:]) * (place > 0))
        return dict(zip(FEATURE_NAMES, (spread / (spread.sum() or 1.0)).tolist(), strict=True))

    def to_onnx(self) -> "onnx.ModelProto":
        from bikecast.families.glm_graph import glm_graph

        return glm_graph(self)
