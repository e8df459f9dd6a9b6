"""Trainings whose models and verdicts are made up; what follows from them is done by the real steps."""

import datetime as dt
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from bikecast.evaluation.gate import Decision, GateDecision
from bikecast.evaluation.scores import Scores
from bikecast.names import MODEL_NAME, challenger_prefix
from bikecast.registry.artifacts import write_once
from bikecast.registry.champion_store import ChampionStore
from tests.unit.serving import world
from training_job.evaluation.conclusion import Challenger, conclude
from training_job.evaluation.judged import Judgement
from training_job.publication.following import archive_abandoned, follow_champion
from training_job.runtime.context import Context
from training_job.runtime.handover import EvaluateJob
from training_job.runtime.training_sets import frame_bytes, training_set_key
from training_job.tuning.predictions import write_out_of_fold
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.steps.evaluate import open_case, served_model
from use_cases.citibike.training.dataset import to_sample
from use_cases.citibike.training.judgement import Calibration
from use_cases.citibike.training.publishing import publish_version

SCORES = Scores(
    n_rows=24,
    start=dt.datetime(2024, 6, 1),
    end=dt.datetime(2024, 6, 2),
    values={"rmse": 1, "mae": 1, "wape": 0.1, "r2": 0.9, "bias": 0},
)
DATA_HASH = "d" * 64


@dataclass
class Training:
    """One execution up to its judgement, as the state machine holds it."""

    job: dict[str, Any]
    is_better: bool

    @property
    def run_id(self) -> str:
        """The run, which tells its version from all others."""
        return str(self.job["train"]["run_id"])

    @property
    def execution(self) -> str:
        """Its name, which tells its changes of the champion."""
        return str(self.job["execution"])

    @property
    def judged_against(self) -> str | None:
        """The run of the champion that it was compared with."""
        run: str | None = self.job["evaluate"]["champion_run_id"]
        return run

    @property
    def may_be_promoted(self) -> bool:
        """Whether the gate said so, and it is not a trial."""
        return self.is_better and self.job["request"]["registered_model_name"] == MODEL_NAME


def write_training_set(context: Context) -> None:
    """Write the one training set that all of them learn from."""
    context.data.write(training_set_key(DATA_HASH), frame_bytes(_frame()))


@cache
def _frame() -> pd.DataFrame:
    hours = world.HOURS[: 24 * 30]
    weather = {name: values[: hours.size] for name, values in world.WEATHER.items()}
    missing = dict.fromkeys(("PRCP", "AWND", "SNWD", "TAVG"), np.nan)
    return pd.DataFrame(
        {"timestamp": hours.astype("datetime64[s]"), "trips": 50.0, "holiday": 0, **weather, **missing}
    )


def train(context: Context, execution: str, *, name: str, is_better: bool, scale: float) -> Training:
    """Clean up as ``train`` does, hand a graph over, and conclude from a made-up verdict."""
    follow_champion(context)
    archive_abandoned(context.open_registry(context), name, now=context.clock(), execution=execution)
    calibration = Calibration(level=LevelState(), interval=world.interval(), cv_rmse=1.0)
    body, prefix = calibration.model_dump_json().encode(), challenger_prefix(execution)
    graph = write_once(context.artifacts, prefix, "model.onnx", world.graph(scale))
    trained = {
        "run_id": f"run{execution}",
        "graph": graph.model_dump(),
        "calibration": write_once(context.artifacts, prefix, "calibration.json", body).model_dump(),
        "parity": {},
        "cv_error": 1.0,
        **dict.fromkeys(("n_trials", "n_trials_done", "n_pruned", "n_retried"), 1),
    }
    job = {"request": {"registered_model_name": name}, "execution": execution, "train": trained}
    job["prepare"] = {
        "training_set_key": training_set_key(DATA_HASH),
        "data_hash": DATA_HASH,
        "n_rows": 720,
        "start": "2024-05-01",
        "end": "2024-05-30",
        "holdout_start": "2024-05-29",
    }
    job["evaluate"] = _evaluate(context, job, is_better=is_better)
    return Training(job, is_better)


def _evaluate(context: Context, job: dict[str, Any], *, is_better: bool) -> dict[str, Any]:
    case = open_case(context, EvaluateJob.model_validate(job))
    decision = Decision.PROMOTE if is_better else Decision.REJECT
    verdict = GateDecision(decision=decision, reason="made up", beats_baselines=is_better)
    publish = partial(publish_version, context, case, LevelState())
    challenger = Challenger(served_model(context, case, LevelState()), publish)
    sample = to_sample(_frame())
    write_out_of_fold(
        context.reports, case.job.execution, hours=sample.hours[:48], predicted=np.full(48, 50.0)
    )
    current = ChampionStore(context.serving).look()
    outcome = Judgement(verdict, challenger=SCORES)
    return conclude(context, case.job, current, outcome, challenger).model_dump(mode="json")
