"""Splits: which rows a model is fitted on, which choose what is done after it, and which judge it."""

from bikecast.evaluation.splits.base import Parts, Split, check_classes
from bikecast.evaluation.splits.drawn import Drawn, Stratified
from bikecast.evaluation.splits.folds import Fold
from bikecast.evaluation.splits.in_time import LastDays, LastShare, holdout_start
from bikecast.evaluation.splits.periods import NamedPeriods

__all__ = [
    "Drawn",
    "Fold",
    "LastDays",
    "LastShare",
    "NamedPeriods",
    "Parts",
    "Split",
    "Stratified",
    "check_classes",
    "holdout_start",
]
