"""The files of a judged version of a declared use case in the serving bucket."""

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array, Mask
from bikecast.errors import DataError
from bikecast.evaluation.backtest import has_prediction
from bikecast.evaluation.outcome import Outcome
from bikecast.model.golden import GoldenRows
from bikecast.model.graph import OnnxGraph
from bikecast.model.rows import Fallback
from bikecast.monitoring.rows.champion import reference_bytes
from bikecast.monitoring.rows.limits import learn_row_limits
from bikecast.monitoring.rows.table import scored_rows
from bikecast.monitoring.scored import OUT_OF_SAMPLE, ScoredRows
from bikecast.names import decision_key, model_prefix
from bikecast.registry.artifacts import write_once
from bikecast.registry.manifest import Artifact, ChampionManifest, manifest_bytes
from training_job.evaluation.judged import Judgement
from training_job.runtime.context import Context
from training_job.runtime.handover import EvaluateJob

if TYPE_CHECKING:
    from training_job.rows.evaluate import TrainedModel

MANIFEST = "manifest.json"
logger = logging.getLogger(__name__)


def publish_version(
    context: Context, trained: "TrainedModel", job: EvaluateJob, version: str, judged: Judgement
) -> Artifact:
    """Write the version's files, and last the manifest with which it may be promoted; return that file."""
    use_case, store = trained.case.use_case, context.serving
    prefix = model_prefix(job.request.registered_model_name, version, job.train.run_id)
    reference = make_reference(trained)
    golden = GoldenRows.of(OnnxGraph(trained.graph), trained.case.holdout.features)
    fallback = Fallback.of(use_case, trained.case.training)
    assert judged.challenger is not None
    manifest = ChampionManifest(
        use_case=use_case.name,
        model_name=job.request.registered_model_name,
        version=version,
        run_id=job.train.run_id,
        published_at=context.clock(),
        code_version=context.code_version,
        data_hash=job.prepare.data_hash,
        simulated=job.prepare.simulated,
        features=use_case.features.names,
        model=write_once(store, prefix, "model.onnx", trained.graph),
        golden=write_once(store, prefix, "golden.json", golden.model_dump_json().encode()),
        profile=write_once(store, prefix, "fallback.json", fallback.model_dump_json().encode()),
        reference=write_once(store, prefix, "reference.parquet", reference_bytes(reference)),
        thresholds=_limits(context, prefix, trained, reference),
        after_model=trained.state.model_dump(mode="json"),
        holdout=judged.challenger,
        baselines=dict(judged.baselines),
        decision_key=decision_key(job.execution),
    )
    return write_once(store, prefix, MANIFEST, manifest_bytes(manifest))


def _limits(context: Context, prefix: str, trained: "TrainedModel", reference: ScoredRows) -> Artifact | None:
    """Learn the monitor's limits; a sample too small for that is not a failure."""
    try:
        limits = learn_row_limits(trained.case.use_case, reference)
    except DataError as err:
        logger.warning("the monitor has no limits for this version yet", exc_info=err)
        return None
    return write_once(context.serving, prefix, "thresholds.json", limits.model_dump_json(indent=1).encode())


def make_reference(trained: "TrainedModel") -> ScoredRows:
    """Return every row that was predicted unseen: by folds of the training part, then the holdout."""
    case = trained.case
    raw = _with_holdout(trained.unseen, case.parts.holdout, trained)
    rows = np.flatnonzero(has_prediction(raw))
    sample = case.everything.take(rows)
    outcome = trained.state.outcome(sample, raw[rows])
    return _scored(trained, sample.time, sample.columns, outcome, sample.target)


def _with_holdout(unseen: Array, holdout: Mask, trained: "TrainedModel") -> Array:
    raw = unseen.copy()
    raw[holdout] = OnnxGraph(trained.graph).run(trained.case.everything.features[holdout])
    return raw


def _scored(trained: "TrainedModel", time: Any, columns: Any, outcome: Outcome, target: Array) -> ScoredRows:
    stamps = np.zeros(len(target), dtype="datetime64[s]") if time is None else time
    rows = scored_rows(trained.case.use_case, stamps, columns, outcome=outcome, target=target)
    return rows.with_columns({OUT_OF_SAMPLE: np.ones(len(target))})
