"""SHAP values of one model as a picture: how much each feature adds, and in which direction."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bikecast.arrays import Array, Matrix
from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.training.figures import INK, png

SHOWN = 14
BINS = 60
ROW_HEIGHT = 0.8


def draw_shap(features: Matrix, values: Array, *, name: str) -> bytes:
    """Return a PNG: mean |SHAP| as bars, and a point for every hour, coloured by the feature's value."""
    strength = np.abs(values).mean(axis=0)
    order = np.argsort(strength)[-SHOWN:]
    figure = Figure(figsize=(11, 6), layout="constrained")
    bars, swarm = figure.subplots(1, 2, sharey=True, width_ratios=(1, 3))
    bars.barh(range(order.size), strength[order], color=INK)
    bars.set(xlabel="mean |SHAP|", yticks=range(order.size), yticklabels=[FEATURE_NAMES[i] for i in order])
    for row, column in enumerate(order):
        swarm.scatter(
            values[:, column],
            row + _spread(values[:, column]),
            c=_rank(features[:, column]),
            cmap="coolwarm",
            s=5,
            lw=0,
        )
    swarm.axvline(0, color="black", lw=0.8)
    unit = "log of trips per hour" if name.endswith("poisson") else "trips per hour"
    swarm.set(xlabel=f"SHAP value, {unit}; colour: the feature from low (blue) to high (red)", title=name)
    return png(figure)


def _rank(column: NDArray[np.floating]) -> Array:
    """Return ranks in [0, 1]; equal values share one, a missing one is in the middle."""
    known = ~np.isnan(column)
    _, rank = np.unique(column[known], return_inverse=True)
    ranks: Array = np.full(column.shape, 0.5)
    ranks[known] = rank / max(int(rank.max(initial=0)), 1)
    return ranks


def _spread(values: Array) -> Array:
    """Return offsets that fan out points which share a place, widest where they are most."""
    edges = np.linspace(values.min(), values.max() + 1e-9, BINS)
    place = np.digitize(values, edges)
    offsets = np.zeros(values.shape)
    most = int(np.bincount(place).max())
    for bin_number in np.unique(place):
        inside = np.flatnonzero(place == bin_number)
        offsets[inside] = (np.arange(inside.size) - (inside.size - 1) / 2) / most * ROW_HEIGHT
    return offsets
