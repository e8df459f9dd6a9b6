"""Step ``evaluate`` of declared use cases: judge the challenger, register it, publish its files."""

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bikecast.arrays import Array
from bikecast.errors import ArtifactError, FeatureError, JudgementError
from bikecast.evaluation import gate, scores, segments
from bikecast.evaluation.after_model import State
from bikecast.evaluation.baselines import answers
from bikecast.evaluation.gate import PromotionThresholds
from bikecast.evaluation.holdout import Holdout
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.scores import Scores
from bikecast.model.graph import OnnxGraph
from bikecast.registry.artifacts import fetch
from bikecast.registry.champion_store import ChampionStore, CurrentChampion
from bikecast.requests import parse_request
from bikecast.serving.rows.engines import load_row_model
from bikecast.use_case import Classification, UseCase
from training_job.evaluation.conclusion import Challenger, conclude
from training_job.evaluation.judged import Judgement, refused
from training_job.evaluation.parity import check_parity
from training_job.publication.champions import unloadable
from training_job.registry.protocol import ServedModel
from training_job.rows.case import RowCase
from training_job.rows.publish import publish_version
from training_job.rows.tune import open_case
from training_job.runtime.context import Context
from training_job.runtime.handover import EvaluateJob

logger = logging.getLogger(__name__)

EXAMPLE_ROWS = 5


def run(context: Context, use_case: UseCase, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``Evaluated``.

    What cannot be judged is rejected, not failed: the champion stays and the record says why.
    """
    job = parse_request(EvaluateJob, payload)
    current = ChampionStore(context.serving).look()
    trained = TrainedModel.read(context, open_case(context, use_case, job), job)
    judged = _judge(context, trained, job, current)
    publish = None if judged.challenger is None else partial(publish_version, context, trained, job)
    challenger = Challenger(trained.served(context, job), publish)
    return conclude(context, job, current, judged, challenger).model_dump(mode="json")


@dataclass(frozen=True)
class TrainedModel:
    """What ``train`` wrote, by its hashes, beside the rows it is judged on."""

    case: RowCase
    graph: bytes
    state: State
    unseen: Array

    @classmethod
    def read(cls, context: Context, case: RowCase, job: EvaluateJob) -> "TrainedModel":
        """Read the files.

        Raises:
            ArtifactError: They are not those that ``train`` wrote.
        """
        if job.train.out_of_sample is None:
            raise ArtifactError("no out-of-sample predictions were handed over; train again")
        state = json.loads(fetch(context.artifacts, job.train.calibration))
        unseen = np.load(io.BytesIO(fetch(context.artifacts, job.train.out_of_sample)), allow_pickle=False)
        graph = fetch(context.artifacts, job.train.graph)
        return cls(case, graph, case.use_case.after_model.read(state), unseen)

    def outcome(self) -> Outcome:
        """Answer the holdout."""
        holdout = self.case.holdout
        return self.state.outcome(holdout, OnnxGraph(self.graph).run(holdout.features))

    def served(self, context: Context, job: EvaluateJob) -> ServedModel:
        """Return what is registered: the graph alone."""
        task, features = self.case.use_case.task, self.case.use_case.features
        return ServedModel(
            graph=self.graph,
            example=self.case.holdout.features[:EXAMPLE_ROWS],
            feature_names=features.names,
            optional_features=features.names,  # a missing value is a value here
            training_set=(context.data.uri(job.prepare.training_set_key), job.prepare.data_hash),
            classes=task.classes if isinstance(task, Classification) else (),
        )


def _judge(context: Context, trained: TrainedModel, job: EvaluateJob, current: CurrentChampion) -> Judgement:
    case, use_case = trained.case, trained.case.use_case
    try:
        check_parity(job.train.parity)
        holdout = Holdout(
            metric=use_case.metrics[0],
            target=case.holdout.target,
            challenger=trained.outcome(),
            champion=_champion(context, case, current),
            baselines=answers(use_case.baselines, case.training, rows=case.holdout, task=use_case.task),
            segments=segments.masks(use_case.segments, case.holdout),
            time=case.holdout.time,
            coverage=trained.state.coverage,
        )
        thresholds = PromotionThresholds(improvement=job.request.threshold)
        verdict = gate.judge(holdout, thresholds, seed=job.request.random_state)
    except (JudgementError, ArtifactError, FeatureError) as err:
        logger.warning("the challenger cannot be judged", exc_info=err)
        return refused(f"it cannot be judged: {err}")
    tables = _Tables(case, holdout)
    return Judgement(
        verdict=verdict,
        challenger=tables.of(holdout.challenger),
        champion=None if holdout.champion is None else tables.of(holdout.champion),
        baselines={name: tables.of(outcome) for name, outcome in holdout.baselines.items()},
        challenger_segments=tables.by_segment(holdout.challenger),
        champion_segments={} if holdout.champion is None else tables.by_segment(holdout.champion),
    )


@dataclass(frozen=True)
class _Tables:
    """Score tables of the holdout."""

    case: RowCase
    holdout: Holdout

    def of(self, outcome: Outcome) -> Scores:
        use_case = self.case.use_case
        return scores.score(self.case.holdout, outcome, metrics=use_case.metrics, task=use_case.task)

    def by_segment(self, outcome: Outcome) -> dict[str, Scores]:
        use_case = self.case.use_case
        return scores.score_segments(
            self.case.holdout,
            outcome,
            masks=self.holdout.segments,
            metrics=use_case.metrics,
            task=use_case.task,
        )


def _champion(context: Context, case: RowCase, current: CurrentChampion) -> Outcome | None:
    if current.problem is not None:
        raise ArtifactError(current.problem)
    if current.manifest is None:
        return None
    try:
        champion = load_row_model(case.use_case, context.serving, current.manifest)
    except ArtifactError as err:
        raise ArtifactError(unloadable(current.manifest, err)) from err
    return champion.predict(case.holdout.columns)
