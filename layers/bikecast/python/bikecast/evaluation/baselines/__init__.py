"""Baselines: predictions that need no model, which a challenger must beat."""

from bikecast.evaluation.baselines.base import Baseline, answers
from bikecast.evaluation.baselines.classes import AlwaysClass, ClassShares, MostFrequentClass
from bikecast.evaluation.baselines.earlier import EarlierMean
from bikecast.evaluation.baselines.groups import bin_of, hour_of, weekday_of
from bikecast.evaluation.baselines.medians import GroupMedian

__all__ = [
    "AlwaysClass",
    "Baseline",
    "ClassShares",
    "EarlierMean",
    "GroupMedian",
    "MostFrequentClass",
    "answers",
    "bin_of",
    "hour_of",
    "weekday_of",
]
