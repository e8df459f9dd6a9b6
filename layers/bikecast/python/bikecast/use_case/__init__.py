"""The declaration of a use case, the only interface between the platform and what is predicted."""

from bikecast.use_case.declaration import (
    Api,
    Classification,
    Examples,
    Monitoring,
    Regression,
    Rule,
    Segment,
    Shift,
    Task,
    UseCase,
)
from bikecast.use_case.inputs import Category, Feature, Features, Input, Moment, Number, Text
from bikecast.use_case.later import later

__all__ = [
    "Api",
    "Category",
    "Classification",
    "Examples",
    "Feature",
    "Features",
    "Input",
    "Moment",
    "Monitoring",
    "Number",
    "Regression",
    "Rule",
    "Segment",
    "Shift",
    "Task",
    "Text",
    "UseCase",
    "later",
]
