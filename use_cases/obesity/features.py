"""A person as numbers: what was asked, and what physiology derives from it."""

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.use_case import Category, Feature, Features, Number
from bikecast.use_case.inputs import Columns, level_codes, needed
from use_cases.obesity.inputs import INPUTS

# Upper bounds of the bands of the World Health Organization, kg/m2.
BMI_BANDS = (18.5, 25.0, 27.5, 30.0, 35.0, 40.0)
_INCH_CM = 2.54

_ASKED = tuple(item for item in INPUTS if isinstance(item.kind, Number | Category))
_DERIVED = (
    Feature("bmi", "Body mass index, weight by squared height, kg/m2"),
    Feature("bsa", "Body surface area by Schlich's formula, m2"),
    Feature("over_ideal", "Weight above the ideal by Devine's formula, kg"),
    Feature("bmr", "Basal metabolic rate by Mifflin's formula, kcal a day"),
    Feature("energy", "Basal metabolic rate times physical activity, kcal a day"),
    Feature("activity", "Exercise less time with screens"),
    Feature("bmi_by_age", "Body mass index by age"),
    Feature("water_by_weight", "Water by weight"),
    Feature("vegetable_meals", "Main meals times vegetables"),
)


def bmi(columns: Columns) -> Array:
    """Return the body mass index, kg/m2."""
    index: Array = needed(columns, "Weight") / needed(columns, "Height") ** 2
    return index


def bmi_band(columns: Columns) -> Array:
    """Return the number of each person's band of the body mass index."""
    return np.digitize(bmi(columns), BMI_BANDS).astype(np.float64)


def build(columns: Columns) -> Matrix:
    """Return the features, NaN where what they need is missing."""
    asked = [
        level_codes(needed(columns, item.name), item.kind.levels)
        if isinstance(item.kind, Category)
        else needed(columns, item.name)
        for item in _ASKED
    ]
    return np.column_stack([*asked, *_derived(columns)]).astype(np.float32)


def _derived(columns: Columns) -> list[Array]:
    age, weight, height_cm = columns["Age"], columns["Weight"], 100 * columns["Height"]
    male = level_codes(columns["Gender"], ("Female", "Male"))
    index = bmi(columns)
    ideal = 45.5 + 4.5 * male + 2.3 * (height_cm / _INCH_CM - 60)
    bmr = 10 * weight + 6.25 * height_cm - 5 * age - 161 + 166 * male
    return [
        index,
        _surface(weight, height_cm, male),
        weight - ideal,
        bmr,
        bmr * (1.2 + 0.175 * columns["FAF"]),
        columns["FAF"] - columns["TUE"],
        index / age,
        columns["CH2O"] / weight,
        columns["NCP"] * columns["FCVC"],
    ]


def _surface(weight: Array, height_cm: Array, male: Array) -> Array:
    """Schlich et al., "Die Körperoberfläche", 2010."""
    of_men = 0.000579479 * weight**0.38 * height_cm**1.24
    of_women = 0.000975482 * weight**0.46 * height_cm**1.08
    return male * of_men + (1 - male) * of_women


FEATURES = Features(
    columns=(
        *(
            Feature(item.name, item.meaning, item.kind.levels if isinstance(item.kind, Category) else ())
            for item in _ASKED
        ),
        *_DERIVED,
    ),
    build=build,
)
