"""Checks of requests before an execution starts; messages use the command line's own options."""

import re

from bikecast.errors import InputError
from bikecast.names import Output
from console.cloud.champions import champion_store, read_champion
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.settings import use_case

# The fields of a retraining as options of `bikecast train`.
OPTIONS = {
    "start_train_date": "--start",
    "end_train_date": "--end",
    "n_trials": "--trials",
    "tuning_workers": "--workers",
    "threshold": "--threshold",
    "test_size": "--test-size",
    "random_state": "--seed",
    "approval": "--approval",
    "train_months": "--train-month",
    "val_months": "--val-month",
    "test_months": "--test-month",
}

# What pydantic says of a number out of range, and how a person says it.
RANGES = {
    "greater than or equal to": "at least",
    "greater than": "more than",
    "less than or equal to": "at most",
    "less than": "less than",
}


def running_training(cloud: Cloud) -> str | None:
    """Return the ARN of the newest training of the chosen use case that is under way."""
    from bikecast.serving.trainings import running_trainings

    machine = read_stack_outputs(cloud.cloudformation).require(Output.RETRAIN_STATE_MACHINE_ARN)
    return next(running_trainings(cloud.stepfunctions, machine, use_case=use_case()), None)


def require_no_training(cloud: Cloud) -> None:
    """Refuse a second training of the chosen use case beside one that runs.

    Raises:
        InputError: One runs; it is named, with what shows and what ends it.
    """
    found = running_training(cloud)
    if found is not None:
        name = found.rsplit(":", 1)[-1]
        raise InputError(
            f"the training {name} is running: follow it with `bikecast runs {name} --follow`, end it with "
            f"`bikecast stop {name}`, or start another beside it with --anyway"
        )


def with_options(text: str) -> str:
    """Return what is wrong with a request in the words of the command line."""
    text = text.replace("input: Value error, ", "").replace("Value error, ", "")
    for field, option in OPTIONS.items():
        text = re.sub(rf"\b{field}(\.\d+)?:", f"{option}:", text).replace(f"`{field}`", option)
    for pattern, plain in RANGES.items():
        text = re.sub(f": Input should be {pattern} ", f" must be {plain} ", text)
    return text


def require_rollback(cloud: Cloud, version: str | None, *, force: bool) -> None:
    """Refuse a rollback that has nothing to go back to.

    Raises:
        InputError: There is no champion before this one, or the version was never promoted, or serves.
        DeploymentError: No model was promoted yet.
    """
    champions = champion_store(cloud)
    current = champions.look()
    earlier = [e.manifest for e in champions.history.since_retirement(current=current.manifest)]
    others = [each.version for each in earlier if each.identity != current.identity]
    told = f"promoted before: {', '.join(dict.fromkeys(others)) or 'none'}"
    if version is not None:
        if version == current.version and version not in others:
            raise InputError(f"--to {version}: this version serves already")
        if version not in others and not force:
            raise InputError(
                f"--to {version}: this version was never promoted; {told}; "
                f"`bikecast rollback --to {version} --force --reason WHY` puts it there nevertheless"
            )
        return
    if current.problem is not None:
        raise InputError(f"{current.problem}; {told}")
    manifest = read_champion(cloud)
    if manifest.previous is None:
        raise InputError(
            f"version {manifest.version} has no champion before it: a rollback works once two models have "
            "been promoted"
        )
