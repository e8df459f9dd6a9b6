"""One evaluation of hourly demand: its job, rows and split."""

from dataclasses import dataclass

import pandas as pd

from bikecast.arrays import Mask
from training_job.runtime.handover import EvaluateJob
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.training.judgement import Calibration


@dataclass(frozen=True)
class Case:
    """What is judged: all hours, which of them are the holdout, the challenger's graph and calibration."""

    job: EvaluateJob
    frame: pd.DataFrame
    everything: Sample
    judged: Mask
    graph: bytes
    calibration: Calibration

    @property
    def holdout(self) -> Sample:
        """The hours that tuning and training never saw."""
        return self.everything.take(self.judged)
