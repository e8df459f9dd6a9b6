"""Simulated persons in the published files' schema, with their quirks; for the demo and for tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bikecast.arrays import Array, Mask
from bikecast.examples.sources import mark_simulated
from use_cases.obesity.features import BMI_BANDS
from use_cases.obesity.inputs import CLASSES, TARGET

PERSONS, LATER = 3_000, 300
_REPEATED, _ALWAYS = 24, 3


def simulate(folder: Path, *, seed: int = 42) -> None:
    """Write a first file with ids and a later one without; the same seed writes the same files.

    The later file has integers where the first has decimals, exact repeats, and a level that the first lacks.

    Args:
        folder: Made if absent.
        seed: >= 0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark_simulated(folder, seed=seed, persons=PERSONS + LATER)
    first = persons(PERSONS, seed=seed)
    first.insert(0, "id", np.arange(PERSONS))
    first.to_csv(folder / "simulated-persons-1.csv", index=False)
    later = persons(LATER, seed=seed + 1)
    later["CALC"] = later["CALC"].where(later.index >= _ALWAYS, "Always")
    scales = ["Age", "FCVC", "NCP", "CH2O", "FAF", "TUE"]
    later[scales] = later[scales].round().astype(int)
    later = pd.concat([later, later.head(_REPEATED)])
    later.to_csv(folder / "simulated-persons-2-later.csv", index=False, lineterminator="\r\n")


def persons(count: int, *, seed: int) -> pd.DataFrame:
    """Return persons with their classes, which follow from measures, sex and habits."""
    rng = np.random.default_rng([seed, count])
    male = rng.random(count) < 0.5
    age = np.clip(14 + rng.gamma(2.2, 4.8, count), 14, 61)
    height = np.clip(rng.normal(np.where(male, 1.76, 1.64), 0.07), 1.45, 1.97)
    index = np.clip(rng.normal(29.5, 7.5, count) + 0.12 * (age - 24), 15, 52)
    habits = _habits(count, index, rng)
    felt = index + _pull(habits, male=male, age=age) + rng.normal(0, 0.55, count)
    frame = pd.DataFrame(
        {
            "Gender": np.where(male, "Male", "Female"),
            "Age": age.round(6),
            "Height": height.round(6),
            "Weight": np.clip(index * height**2, 39, 165).round(6),
        }
        | habits
    )
    frame[TARGET] = np.asarray(CLASSES, dtype=object)[np.digitize(felt, BMI_BANDS)]
    return frame


def _habits(count: int, index: Array, rng: np.random.Generator) -> dict[str, Any]:
    heavy = 1 / (1 + np.exp(-(index - 27) / 4))

    def one_of(levels: list[str], shares: list[float]) -> Any:
        return np.asarray(rng.choice(np.asarray(levels, dtype=object), count, p=shares))

    def yes(share: Array | float) -> Any:
        return np.where(rng.random(count) < share, "yes", "no").astype(object)

    def scale(low: float, high: float, middle: Array | float) -> Array:
        return np.clip(rng.normal(middle, 0.6, count), low, high).round(6)

    return {
        "family_history_with_overweight": yes(0.55 + 0.4 * heavy),
        "FAVC": yes(0.7 + 0.25 * heavy),
        "FCVC": scale(1, 3, 2.3 + 0.3 * heavy),
        "NCP": scale(1, 4, 2.8),
        "CAEC": one_of(["Sometimes", "Frequently", "Always", "no"], [0.84, 0.12, 0.02, 0.02]),
        "SMOKE": yes(0.02),
        "CH2O": scale(1, 3, 1.8 + 0.4 * heavy),
        "SCC": yes(0.06 - 0.05 * heavy),
        "FAF": scale(0, 3, 1.2 - 0.5 * heavy),
        "TUE": scale(0, 2, 0.7),
        "CALC": one_of(["Sometimes", "no", "Frequently"], [0.72, 0.25, 0.03]),
        "MTRANS": one_of(
            ["Public_Transportation", "Automobile", "Walking", "Motorbike", "Bike"],
            [0.8, 0.16, 0.025, 0.01, 0.005],
        ),
    }


def _pull(habits: dict[str, Any], *, male: Mask, age: Array) -> Array:
    """Return how far habits, sex and age move a person's class, as kg/m2 of the body mass index."""
    pull: Array = (
        1.5 * (habits["FAVC"] == "yes")
        + 1.6 * (habits["family_history_with_overweight"] == "yes")
        - 0.9 * (habits["CAEC"] == "Frequently")
        - 0.6 * habits["FAF"]
        - 1.4 * male
        + 0.03 * (age - 24)
        - 0.9
    )
    return pull
