"""Step ``train`` of declared use cases: fit the challenger with what tuning found, export its graph."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from mlflow.tracking import MlflowClient

from bikecast.arrays import Array
from bikecast.errors import JudgementError
from bikecast.evaluation.after_model import State
from bikecast.evaluation.backtest import best_blend, blended, has_prediction, out_of_fold
from bikecast.families import Fitted, installed, supports
from bikecast.model.golden import TOLERANCE, largest_difference
from bikecast.model.graph import OnnxGraph
from bikecast.names import challenger_prefix
from bikecast.registry.artifacts import write_once
from bikecast.requests import parse_request
from bikecast.study_progress import StudyProgress
from bikecast.use_case import UseCase
from training_job.publication.following import clean_up
from training_job.registry import tracking
from training_job.rows.case import Found, RowCase
from training_job.rows.tune import open_case
from training_job.runtime.context import Context
from training_job.runtime.handover import Trained, TrainJob
from training_job.tuning.predictions import TrialPredictions, array_bytes
from training_job.tuning.search import Search, search_of, split_params
from training_job.tuning.study import best_of_each_family, open_study, publish_progress

logger = logging.getLogger(__name__)

PARITY_ROWS = 2000


def run(context: Context, use_case: UseCase, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``Trained``.

    Raises:
        JudgementError: No trial was completed, or too few rows are there to learn a threshold or interval.
    """
    job = parse_request(TrainJob, payload)
    search = search_of(use_case)
    clean_up(context, job)
    client = tracking.open_client(context)
    tags = {"data_hash": job.prepare.data_hash, "code_version": context.code_version}
    run_id = tracking.open_run(client, context, execution=job.execution, tags=tags)
    study = open_study(context.database, job.execution, search=search)
    metric = use_case.metrics[0].error_title
    progress = publish_progress(context, study, n_trials=job.request.n_trials, metric=metric)
    tracking.log_trials(client, run_id, study.get_trials(deepcopy=False))
    case = open_case(context, use_case, job)
    choice = _choose(context, case, study)
    unseen, state = _learn(case, choice, seed=job.request.random_state)
    _log_comparison(client, run_id, case, search)
    _log_choice(client, run_id, choice)
    fitted = case.fit_blend(choice.params, seed=job.request.random_state)(case.training)
    challenger = _Challenger(case, fitted, state, unseen, choice, run_id)
    return challenger.hand_over(context, job, progress).model_dump(mode="json")


@dataclass(frozen=True)
class Choice:
    """The members with their hyperparameters, their mean's out-of-sample predictions and error."""

    params: Found
    predicted: Array
    error: float


def _choose(context: Context, case: RowCase, study: optuna.Study) -> Choice:
    """Blend the best trials of the families."""
    best = best_of_each_family(study)
    if not best:
        raise JudgementError(f"none of {len(study.trials)} trials was completed: read the workers' log")
    kept = TrialPredictions(context.artifacts, study.study_name)
    predictions = {name: kept.read(trial.number) for name, trial in best.items()}
    members, error = best_blend(predictions, case.error)
    params = {name: split_params(best[name].params)[1] for name in members}
    return Choice(params, blended(predictions, members), error)


def _learn(case: RowCase, choice: Choice, *, seed: int) -> tuple[Array, State]:
    """Return out-of-sample predictions, and what is done after the model, learnt from them."""
    unseen = choice.predicted
    if not case.calibrates_on_its_folds:
        unseen = out_of_fold(
            case.everything, case.fit_blend(choice.params, seed=seed), case.calibration_folds
        )
    rows = has_prediction(unseen)
    use_case = case.use_case
    state = use_case.after_model.learn(
        case.everything.take(rows), unseen[rows], task=use_case.task, metric=use_case.metrics[0]
    )
    return unseen, state


def _log_comparison(client: MlflowClient, run_id: str, case: RowCase, search: Search) -> None:
    """Fit plain families once on the last fold and log them beside the trials."""
    for name in search.comparison.families:
        if not (installed(name) and supports(name, case.shape)):
            logger.info("a family of the comparison is left out", extra={"family": name})
            continue
        predicted = out_of_fold(case.everything, case.fit_one(name, {}, seed=0), case.folds[-1:])
        tracking.log_nested(
            client,
            run_id,
            name=name,
            params={"family": name},
            metrics={"last_fold_error": case.error(predicted)},
        )


def _log_choice(client: MlflowClient, run_id: str, choice: Choice) -> None:
    params = {f"{name}.{key}": value for name, found in choice.params.items() for key, value in found.items()}
    params["members"] = ",".join(choice.params)
    tracking.log_numbers(client, run_id, metrics={"cv_error": choice.error}, params=params)


@dataclass(frozen=True)
class _Challenger:
    """What was fitted; it stays in this process, and only its graph leaves it."""

    case: RowCase
    fitted: Fitted
    state: State
    unseen: Array
    choice: Choice
    run_id: str

    def hand_over(self, context: Context, job: TrainJob, progress: StudyProgress) -> Trained:
        """Export the model, compare the graph with it, and write what the next steps read."""
        graph: bytes = self.fitted.to_onnx().SerializeToString()
        prefix, store = challenger_prefix(job.execution), context.artifacts
        return Trained(
            run_id=self.run_id,
            graph=write_once(store, prefix, "model.onnx", graph),
            calibration=write_once(store, prefix, "after_model.json", _json(self.state)),
            out_of_sample=write_once(store, prefix, "out_of_sample.npy", array_bytes(self.unseen)),
            parity=self._parity(OnnxGraph(graph)),
            importance=self.fitted.importance(),
            members=tuple(self.choice.params),
            cv_error=self.choice.error,
            **progress.model_dump(include={"n_trials", "n_trials_done", "n_pruned", "n_retried"}),
        )

    def _parity(self, served: OnnxGraph) -> dict[str, float]:
        features = self.case.everything.features[:PARITY_ROWS]
        worst = largest_difference(
            served.run(features).reshape(len(features), -1),
            self.fitted.predict(features).reshape(len(features), -1),
        )
        return {"all_rows": worst, "tolerance": TOLERANCE, "n_rows": float(len(features))}


def _json(state: State) -> bytes:
    import json

    return json.dumps(state.model_dump(mode="json"), indent=1).encode()
