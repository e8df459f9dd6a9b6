"""Post-processing of raw model output: bounds and intervals, or a chosen class and its prediction set."""

from bikecast.evaluation.after_model.base import AfterModel, State
from bikecast.evaluation.after_model.classes import ClassDecision, ClassState
from bikecast.evaluation.after_model.interval import PREDICTION, ConformalInterval, IntervalState
from bikecast.evaluation.after_model.plain import Plain, PlainState

__all__ = [
    "PREDICTION",
    "AfterModel",
    "ClassDecision",
    "ClassState",
    "ConformalInterval",
    "IntervalState",
    "Plain",
    "PlainState",
    "State",
]
