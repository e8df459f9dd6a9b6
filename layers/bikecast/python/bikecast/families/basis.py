"""Basis functions of one feature and products of two: what the additive families put weights on.

A basis function is 1 at its knot and falls linearly to 0 at the next ones, so a set of them is a
piecewise-linear spline, or a one-hot coding where the knots are the levels. A missing value takes the
mean of the basis functions over training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array, Ints, Matrix

MOST_LEVELS = 24  # a column with no more distinct values gets a knot at each
N_KNOTS = 9  # others at quantiles


@dataclass(frozen=True)
class BasisSet:
    """A named set of basis functions of one feature."""

    name: str
    feature: str
    knots: tuple[float, ...]
    one_hot: bool = False  # nothing beside the knots, instead of the same as at the outer ones


@dataclass(frozen=True)
class BasisSpec:
    """The sets, and the terms of the model: one set, or the interaction of two, by their names."""

    sets: tuple[BasisSet, ...]
    terms: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Basis:
    """Every basis function as the smaller of two lines, and which two each column multiplies.

    Line k of function i is ``slope_k[i] * x[feature[i]] + shift_k[i]``; function 0 is constant 1.
    """

    feature: Ints
    up_slope: Array
    up_shift: Array
    down_slope: Array
    down_shift: Array
    first: Ints
    second: Ints

    def functions(self, features: Matrix) -> Array:
        """Return the value of each basis function; NaN where its feature is missing."""
        x = features[:, self.feature].astype(np.float64)
        lines = np.minimum(self.up_slope * x + self.up_shift, self.down_slope * x + self.down_shift)
        return np.clip(lines, 0, 1)

    def columns(self, features: Matrix, *, missing: Array) -> Array:
        """Return a constant 1 and the products; a function without its feature is worth ``missing``."""
        values = self.functions(features)
        known = np.where(np.isnan(values), missing, values)
        products: Array = known[:, self.first] * known[:, self.second]
        return np.column_stack([np.ones(len(known)), products])

    def means(self, features: Matrix) -> Array:
        """Return the mean of each function over the rows that have its feature; 0 where none has."""
        values = self.functions(features)
        known = ~np.isnan(values)
        total = np.where(known, values, 0).sum(axis=0)
        mean: Array = np.divide(total, known.sum(axis=0), out=np.zeros(total.size), where=known.any(axis=0))
        mean[0] = 1  # the constant has no feature that could be missing
        return mean


def chosen_spec(features: Matrix, *, names: Sequence[str], categorical: Sequence[int]) -> BasisSpec:
    """Choose knots from training rows: each distinct value of a column with few, else its quantiles."""
    sets = [
        BasisSet(name, name, knots, one_hot=position in categorical)
        for position, name in enumerate(names)
        if len(knots := _knots(features[:, position], every=position in categorical)) > 1
    ]
    return BasisSpec(tuple(sets), tuple((part.name,) for part in sets))


def _knots(column: Matrix, *, every: bool) -> tuple[float, ...]:
    values = column[np.isfinite(column)].astype(np.float64)
    distinct = np.unique(values)
    if not every and distinct.size > MOST_LEVELS:
        distinct = np.unique(np.quantile(values, np.linspace(0, 1, N_KNOTS)))
    return tuple(distinct.tolist())


def make_basis(spec: BasisSpec, *, names: Sequence[str]) -> Basis:
    """Return the functions and products of a specification; ``names`` are the matrix's columns."""
    rows = [(0, 0.0, 1.0, 0.0, 1.0)]  # constant 1
    places: dict[str, list[int]] = {"": [0]}
    for part in spec.sets:
        added = _lines(part, column=list(names).index(part.feature))
        places[part.name] = list(range(len(rows), len(rows) + len(added)))
        rows += added
    pairs = [pair for term in spec.terms for pair in _pairs(places, term)]
    table = np.asarray(rows, dtype=np.float64)
    return Basis(
        feature=table[:, 0].astype(np.int64),
        up_slope=table[:, 1],
        up_shift=table[:, 2],
        down_slope=table[:, 3],
        down_shift=table[:, 4],
        first=np.asarray([first for first, _ in pairs], dtype=np.int64),
        second=np.asarray([second for _, second in pairs], dtype=np.int64),
    )


def _lines(part: BasisSet, *, column: int) -> list[tuple[int, float, float, float, float]]:
    knots, rows = part.knots, []
    for i, knot in enumerate(knots):
        up = 1.0 if part.one_hot else 0.0 if i == 0 else 1 / (knot - knots[i - 1])
        down = 1.0 if part.one_hot else 0.0 if i == len(knots) - 1 else 1 / (knots[i + 1] - knot)
        rows.append((column, up, 1 - up * knot, -down, 1 + down * knot))
    return rows


def _pairs(places: dict[str, list[int]], term: Sequence[str]) -> list[tuple[int, int]]:
    first, second = places[term[0]], places[term[1] if len(term) > 1 else ""]
    return [(i, j) for i in first for j in second]
