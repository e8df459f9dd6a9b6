"""Shifts that the monitor must detect."""

from typing import TYPE_CHECKING

import numpy as np

from bikecast.use_case import Shift
from use_cases.obesity.inputs import CLASSES, TARGET

if TYPE_CHECKING:
    import pandas as pd


def _older(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":  # noqa: ARG001 - nothing random in it
    return rows.assign(Age=np.clip(rows["Age"] + 8, 14, 100))


def _heavier(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":  # noqa: ARG001 - nothing random in it
    return rows.assign(Weight=np.clip(rows["Weight"] * 1.15, 30, 250))


def _drivers(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    moved = np.random.default_rng(seed).random(len(rows)) < 0.5
    return rows.assign(MTRANS=rows["MTRANS"].mask(moved, "Automobile"))


def _classed_higher(rows: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    """Give a third of the persons the class above theirs: inputs stay, the truth moves."""
    moved = np.random.default_rng(seed).random(len(rows)) < 1 / 3
    above = dict(zip(CLASSES, (*CLASSES[1:], CLASSES[-1]), strict=True))
    return rows.assign(**{TARGET: rows[TARGET].mask(moved, rows[TARGET].map(above))})


SHIFTS = (
    Shift("older", "everybody is eight years older", _older),
    Shift("heavier", "everybody weighs 15 % more", _heavier),
    Shift("drivers", "half of the persons go by car instead", _drivers),
    Shift("classed_higher", "a third of the persons are put into the class above", _classed_higher),
)
