"""Model families behind one small protocol; bringing another is one file and one line here."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from bikecast.errors import InputError
from bikecast.families.base import ROUNDS, Family, Fitted, Staged, TaskShape


@dataclass(frozen=True)
class _Entry:
    """Where a family is (module:attribute), what it needs beside numpy, and whether it can do classes."""

    place: str
    package: str
    classes: bool = True


_FAMILIES = {
    "xgboost": _Entry("trees.boosted_trees:SQUARED_ERROR", "xgboost"),
    "xgboost_absolute": _Entry("trees.boosted_trees:ABSOLUTE_ERROR", "xgboost", classes=False),
    "xgboost_poisson": _Entry("trees.boosted_trees:POISSON", "xgboost", classes=False),
    "glm": _Entry("additive.glm:FAMILY", "numpy", classes=False),
    "linear": _Entry("additive.linear:FAMILY", "sklearn"),
    "decision_tree": _Entry("trees.forests:DECISION_TREE", "sklearn"),
    "random_forest": _Entry("trees.forests:RANDOM_FOREST", "sklearn"),
    "extra_trees": _Entry("trees.forests:EXTRA_TREES", "sklearn"),
    "lightgbm": _Entry("trees.light_trees:FAMILY", "lightgbm"),
    "catboost": _Entry("trees.cat_trees:FAMILY", "catboost"),
    "explainable_boosting": _Entry("additive.explainable:FAMILY", "interpret"),
}
NAMES = tuple(_FAMILIES)

__all__ = ["NAMES", "ROUNDS", "Family", "Fitted", "Staged", "TaskShape", "family", "installed", "supports"]


def installed(name: str) -> bool:
    """Tell whether the family is known and its library is there."""
    return name in _FAMILIES and find_spec(_FAMILIES[name].package) is not None


def supports(name: str, task: TaskShape) -> bool:
    """Tell whether the family can do the task, whether or not its library is installed.

    Raises:
        InputError: The name is unknown.
    """
    return _entry(name).classes or task.n_classes is None


def family(name: str) -> Family:
    """Return a family by name; its library is imported when it fits, not before.

    Raises:
        InputError: The name is unknown or its optional library is not installed.
    """
    entry = _entry(name)
    if not installed(name):
        raise InputError(
            f"family: {name} needs the optional package `{entry.package}`; install it or leave {name} out"
        )
    module, attribute = entry.place.split(":")
    found: Family = getattr(import_module(f"bikecast.families.{module}"), attribute)
    return found


def _entry(name: str) -> _Entry:
    if name not in _FAMILIES:
        raise InputError(f"family: must be one of {', '.join(NAMES)} (got {name!r})")
    return _FAMILIES[name]
