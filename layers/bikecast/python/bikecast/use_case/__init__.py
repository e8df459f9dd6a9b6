"""The declaration of a use case, the only interface between the platform and what is predicted."""

from bikecast.task import Classification, Regression, Segment, Task
from bikecast.use_case.declaration import (
    Api,
    Examples,
    Monitoring,
    Rule,
    Shift,
    UseCase,
)
from bikecast.use_case.derived import features_of
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
    "features_of",
    "later",
]
