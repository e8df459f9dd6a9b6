"""Model families behind one small protocol; bringing another is one file and one line here."""

from importlib import import_module
from importlib.util import find_spec

from bikecast.errors import InputError
from bikecast.families.base import Family, Fitted

# name -> (module:attribute, package that it needs beside numpy)
_FAMILIES = {
    "xgboost": ("boosted_trees:SQUARED_ERROR", "xgboost"),
    "xgboost_poisson": ("boosted_trees:POISSON", "xgboost"),
    "glm": ("glm:FAMILY", "numpy"),
    "linear": ("linear:FAMILY", "numpy"),
    "decision_tree": ("forests:DECISION_TREE", "sklearn"),
    "random_forest": ("forests:RANDOM_FOREST", "sklearn"),
    "extra_trees": ("forests:EXTRA_TREES", "sklearn"),
    "lightgbm": ("light_trees:FAMILY", "lightgbm"),
    "catboost": ("cat_trees:FAMILY", "catboost"),
    "explainable_boosting": ("explainable:FAMILY", "interpret"),
}
NAMES = tuple(_FAMILIES)

__all__ = ["NAMES", "Family", "Fitted", "family", "installed"]


def installed(name: str) -> bool:
    """Tell whether the family is known and its library is there."""
    return name in _FAMILIES and find_spec(_FAMILIES[name][1]) is not None


def family(name: str) -> Family:
    """Return a family by name; its library is imported when it fits, not before.

    Raises:
        InputError: The name is unknown or its optional library is not installed.
    """
    if name not in _FAMILIES:
        raise InputError(f"family: must be one of {', '.join(NAMES)} (got {name!r})")
    place, package = _FAMILIES[name]
    if not installed(name):
        raise InputError(
            f"family: {name} needs the optional package `{package}`; install it or leave {name} out"
        )
    module, attribute = place.split(":")
    found: Family = getattr(import_module(f"bikecast.families.{module}"), attribute)
    return found
