"""The study that all workers of one execution share, in Postgres; it outlives any of them."""

import logging
import warnings
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from bikecast.database import DatabaseSettings, sqlalchemy_url
from bikecast.names import Schema
from training_job.racing import FamilyRace
from training_job.search import Search, split_params

logger = logging.getLogger(__name__)

# Heartbeats are marked experimental; that they reap the trials of killed workers is tested here.
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)

JUDGED = (TrialState.COMPLETE, TrialState.PRUNED)


def open_study(database: DatabaseSettings, execution: str, *, search: Search) -> optuna.Study:
    """Create or resume the execution's study; trials of dead workers are put up for retry."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=execution,
        storage=_storage(database, search),
        load_if_exists=True,
        direction="minimize",
        pruner=FamilyRace(search.pruner.kept_share, search.pruner.startup_trials),
    )
    optuna.storages.fail_stale_trials(study)
    return study


def make_sampler(search: Search, *, seed: int) -> optuna.samplers.BaseSampler:
    """Return the sampler that one worker draws with."""
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=search.sampler.startup_trials)


def _storage(database: DatabaseSettings, search: Search) -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(
        sqlalchemy_url(database, schema=Schema.OPTUNA),
        engine_kwargs={"pool_pre_ping": True, "pool_size": 2, "max_overflow": 2},
        heartbeat_interval=search.worker.heartbeat_s,
        grace_period=search.worker.grace_s,
        heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(
            max_retry=search.worker.retries
        ),
    )


def enqueue_starts(study: optuna.Study, search: Search) -> None:
    """Put each family's start in front, once."""
    if study.get_trials(deepcopy=False):
        return
    for name, family in search.families.items():
        study.enqueue_trial(
            {"family": name} | {f"{name}.{key}": value for key, value in family.start.items()}
        )


def claimed(study: optuna.Study) -> int:
    """Return how many trials are judged or being judged right now."""
    states = (*JUDGED, TrialState.RUNNING)
    return len(study.get_trials(deepcopy=False, states=states))


def best_of_each_family(study: optuna.Study) -> dict[str, FrozenTrial]:
    """Return the best complete trial of each family that has one."""
    best: dict[str, FrozenTrial] = {}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        family, _ = split_params(trial.params)
        if trial.value is not None and (family not in best or trial.value < _value(best[family])):
            best[family] = trial
    return best


def _value(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return float(trial.value)


def progress(study: optuna.Study) -> dict[str, Any]:
    """Return how far the study is and the best error so far."""
    trials = study.get_trials(deepcopy=False)
    values = [_value(trial) for trial in trials if trial.state is TrialState.COMPLETE]
    return {
        "study": study.study_name,
        "n_trials_done": sum(trial.state in JUDGED for trial in trials),
        "n_pruned": sum(trial.state is TrialState.PRUNED for trial in trials),
        "n_retried": sum(trial.state is TrialState.FAIL for trial in trials),
        "best_value": min(values) if values else None,
    }
