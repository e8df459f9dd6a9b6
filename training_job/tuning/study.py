"""The study that all workers of one execution share, in Postgres; it outlives any of them."""

import datetime as dt
import logging
import warnings
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from bikecast.database import DatabaseSettings, sqlalchemy_url
from bikecast.families import ROUNDS
from bikecast.names import Schema, progress_key
from bikecast.registry.champion_store import ChampionStore
from bikecast.study_progress import StudyProgress
from training_job.migrations import first_alone
from training_job.runtime.context import Context
from training_job.tuning.pruning import JUDGED, FamilyPruner, error_of
from training_job.tuning.search import Search, split_params
from training_job.tuning.trials import is_staged

logger = logging.getLogger(__name__)

Params = Mapping[str, Mapping[str, Any]]

# Heartbeats are marked experimental; that they reap the trials of killed workers is tested here.
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


def open_study(database: DatabaseSettings, execution: str, *, search: Search) -> optuna.Study:
    """Create or resume the execution's study; trials of dead workers are put up for retry."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with first_alone(database, Schema.OPTUNA, version=optuna.__version__):
        storage = _storage(database, search)
    study = optuna.create_study(
        study_name=execution,
        storage=storage,
        load_if_exists=True,
        direction="minimize",
        pruner=FamilyPruner(
            search.pruner.margins,
            search.pruner.startup_trials,
            frozenset(name for name in search.families if is_staged(search, name)),
        ),
    )
    optuna.storages.fail_stale_trials(study)
    return study


def make_sampler(search: Search, *, seed: int) -> optuna.samplers.BaseSampler:
    """Return the sampler that one worker draws with."""
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=search.sampler.startup_trials)


def own_seed(study: optuna.Study, *, seed: int, worker: int) -> int:
    """Return a seed of this worker's own; started again it gets another, or it would repeat its own draws."""
    starts = int(study.user_attrs.get(f"starts_{worker}", 0))
    study.set_user_attr(f"starts_{worker}", starts + 1)
    return (seed + 1_000 * worker + 1_000_003 * starts) % 2**32


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


def enqueue_starts(study: optuna.Study, search: Search, *, known: Params = MappingProxyType({})) -> None:
    """Put each family's start in front, once; what is known to be good comes before the file's own.

    Args:
        study: Where to put them.
        search: The families with their starts.
        known: Hyperparameters by family; those that the search does not allow any more are left out.
    """
    if study.get_trials(deepcopy=False):
        return
    families = search.families
    good = {
        name: dict(found)
        for name, found in known.items()
        if name in families and families[name].allows(found)
    }
    first = {name: good.get(name, family.start) for name, family in families.items()}
    for name, params in (*first.items(), *((name, families[name].start) for name in good)):
        found = {ROUNDS} if is_staged(search, name) else set[str]()  # a trial finds these by itself
        named = {f"{name}.{key}": value for key, value in params.items() if key not in found}
        study.enqueue_trial({"family": name} | named)


def found_by_champion(context: Context, search: Search) -> Params:
    """Return the best hyperparameters of each family that the search for today's champion found.

    Nothing where there is no champion, or its study is not in the database: after a rollback or a restore.
    """
    manifest = ChampionStore(context.serving).look().manifest
    if manifest is None or manifest.change is None:
        return {}
    try:
        study = optuna.load_study(
            study_name=manifest.change.execution, storage=_storage(context.database, search)
        )
    except KeyError:
        return {}
    return {name: split_params(trial.params)[1] for name, trial in best_of_each_family(study).items()}


def claimed(study: optuna.Study) -> int:
    """Return how many trials are judged or being judged right now."""
    states = (*JUDGED, TrialState.RUNNING)
    return len(study.get_trials(deepcopy=False, states=states))


def best_of_each_family(study: optuna.Study) -> dict[str, FrozenTrial]:
    """Return the best complete trial of each family that has one."""
    best: dict[str, FrozenTrial] = {}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        family, _ = split_params(trial.params)
        if family not in best or error_of(trial) < error_of(best[family]):
            best[family] = trial
    return best


def progress(study: optuna.Study, *, n_trials: int, metric: str, now: dt.datetime) -> StudyProgress:
    """Return how far the study is and the best error so far."""
    trials = study.get_trials(deepcopy=False)
    states = Counter(trial.state for trial in trials)
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    best = min(complete, key=error_of, default=None)
    starts = [trial.datetime_start for trial in trials if trial.datetime_start is not None]
    return StudyProgress(
        study=study.study_name,
        n_trials=n_trials,
        n_trials_done=sum(states[state] for state in JUDGED),
        n_pruned=states[TrialState.PRUNED],
        n_retried=states[TrialState.FAIL],
        n_running=states[TrialState.RUNNING],
        best_value=best.value if best else None,
        best_family=split_params(best.params)[0] if best else None,
        metric=metric,
        started_at=min(starts).astimezone(dt.UTC) if starts else None,
        updated_at=now,
    )


def publish_progress(context: Context, study: optuna.Study, *, n_trials: int, metric: str) -> StudyProgress:
    """Write how far the study is to where the console finds it, and to the log."""
    found = progress(study, n_trials=n_trials, metric=metric, now=context.clock())
    context.reports.write(progress_key(found.study), found.model_dump_json(indent=1).encode())
    logger.info("tuning", extra={"progress": found.sentence})
    return found
