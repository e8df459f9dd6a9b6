"""The whole story on one machine: cloud up, deploy, load, train, predict, watch; and a summary of it."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.errors import DeploymentError
from bikecast.names import SIMULATED_MARKER_KEY, Prefix, Target
from bikecast.storage import S3Store
from console import ui
from console.cloud.deployment import deploy
from console.cloud.outputs import ConsoleOutputs, console_outputs
from console.cloud.session import Cloud, find_cloud, local_settings, start_cloud
from console.data import loading
from console.data.buckets import data_bucket
from console.data.simulations import simulated_source
from console.data.sources import recognise
from console.demo.stages import Story
from console.pages import services
from console.serving import champions, predictions
from console.training import checks
from console.training import retraining as training

if TYPE_CHECKING:
    from bikecast.registry.manifest import ChampionManifest

STAGES = 7
FIFTEEN_MONTHS = dt.timedelta(days=455)  # a whole year to learn, and a quarter to be judged by
PREDICTED_HOUR = 8
# Where the story can be helped; the cause itself comes from what failed.
ADVICE = {
    "cloud": "free the ports that are named or choose others, such as BIKECAST_LOCAL_PORT=4599 make demo; "
    "what cannot be fetched needs the network once, the README says how behind a proxy",
    "deploy": "read the named log; after an interrupted deploy `make clean` starts from nothing",
    "data": "check the files that are named",
    "training": "read the job's lines with `bikecast logs job`",
    "prediction": "read the predictor's lines with `bikecast logs predict`",
    "monitor": "read the monitor's lines with `bikecast logs monitor`",
    "pages": "free the port that is named; the rest of the demo stands",
}


@dataclass(frozen=True)
class DemoOptions:
    """What a person may choose."""

    data: Path | None = None
    trials: int = 12
    workers: int = 2
    weeks: int = 6
    replace_simulated: bool = False


@dataclass
class DemoResult:
    """What the story came to."""

    data: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    champion: "ChampionManifest | None" = None
    prediction: dict[str, Any] = field(default_factory=dict)
    drift: list[dict[str, Any]] = field(default_factory=list)
    outputs: ConsoleOutputs = field(default_factory=ConsoleOutputs)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def run_demo(options: DemoOptions) -> DemoResult:
    """Tell the story from whatever state is found.

    Raises:
        StageError: A stage failed; the message names it, the cause, the log and what to do.
    """
    story = Story(STAGES, log_folder=local_settings().log_dir)
    result = DemoResult()
    with story.stage("cloud", advice=ADVICE["cloud"]):
        start_cloud()
    with story.stage("deploy", advice=ADVICE["deploy"]):
        deploy(Target.EMBEDDED)
        cloud = find_cloud(Target.EMBEDDED)
    with story.stage("data", advice=ADVICE["data"]):
        result.data = _load(cloud, options)
    with story.stage("training", advice=ADVICE["training"]):
        result.training = _train(cloud, options)
        services.begin_mlflow(cloud)
        result.champion = _champion(cloud, result.training)
    with story.stage("prediction", advice=ADVICE["prediction"]):
        result.prediction = _predict(cloud, result.champion)
    with story.stage("monitor", advice=ADVICE["monitor"]):
        result.drift = _watch(cloud, result.champion, weeks=options.weeks)
    with story.stage("pages", advice=ADVICE["pages"]):
        services.start_pages(cloud)
        result.outputs = console_outputs(cloud, pages=services.page_outputs())
    result.stage_seconds, result.seconds = story.seconds, round(story.total_seconds, 1)
    return result


def _load(cloud: Cloud, options: DemoOptions) -> dict[str, Any]:
    """Load a person's data; without any keep what is loaded, and simulate if nothing is."""
    bucket, path = data_bucket(cloud), options.data
    if path is None and bucket.keys(Prefix.PROCESSED_CITIBIKE) and bucket.keys(Prefix.PROCESSED_WEATHER):
        return {"kind": "loaded before", "simulated": bucket.has(SIMULATED_MARKER_KEY)}
    source = simulated_source() if path is None else recognise(path)
    report = loading.load(cloud, source, replace_simulated=options.replace_simulated)
    return report | {"simulated": source.is_simulated}


def _train(cloud: Cloud, options: DemoOptions) -> dict[str, Any]:
    running = checks.running_trainings(cloud)
    if running:
        ui.note("a training runs already: following it instead of starting another")
        return training.summary(training.watch_training(cloud, running[0]))
    start, end = _window(cloud)
    request = {
        "start_train_date": start.isoformat(),
        "end_train_date": end.isoformat(),
        "n_trials": options.trials,
        "tuning_workers": options.workers,
    }
    return training.summary(training.watch_training(cloud, training.start_training(cloud, request)))


def _window(cloud: Cloud) -> tuple[dt.date, dt.date]:
    """Return the first and last day of the latest fifteen months that are there, or of all that is."""
    from use_cases.citibike.reach import read_reach

    reach = read_reach(S3Store(cloud.s3, data_bucket(cloud).name))
    end = reach.latest_complete_month()
    return max(reach.first, end - FIFTEEN_MONTHS), end


def _champion(cloud: Cloud, trained: dict[str, Any]) -> "ChampionManifest":
    try:
        return champions.read_champion(cloud)
    except DeploymentError as err:
        raise DeploymentError(f"no champion yet: {trained['decision']}, {trained['reason']}") from err


def _predict(cloud: Cloud, champion: "ChampionManifest") -> dict[str, Any]:
    day = champion.holdout.window()[1].date() + dt.timedelta(days=1)
    hour = dt.datetime.combine(day, dt.time(PREDICTED_HOUR))
    answer = predictions.predict_hour(cloud, hour, {})
    row: dict[str, Any] = answer["predictions"][0]
    return {"hour": hour.isoformat(sep=" "), **row, "weather": answer["weather"]["origin"]}


def _watch(cloud: Cloud, champion: "ChampionManifest", *, weeks: int) -> list[dict[str, Any]]:
    """Watch the last whole weeks, Monday to Sunday, of the champion's holdout."""
    from console.monitoring import drift

    last = champion.holdout.window()[1].date()
    sunday = last - dt.timedelta(days=(last.weekday() + 1) % 7)
    first = sunday - dt.timedelta(days=7 * weeks - 1)
    chosen = drift.windows(first, sunday, days=7)
    # The story is told without consequences: a pause or a retraining would change the next run of it.
    return drift.watch_windows(cloud, chosen, watch=drift.Watch(source="processed", act=False))
