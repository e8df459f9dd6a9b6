"""The demo: start the cloud, deploy, load, train, predict, monitor; and a summary."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bikecast.errors import DeploymentError
from bikecast.names import Target
from console import ui
from console.cloud import champions
from console.cloud.outputs import ConsoleOutputs, console_outputs
from console.cloud.session import Cloud, find_cloud, local_settings, start_cloud
from console.demo.declared import DeclaredRows
from console.demo.options import DemoOptions
from console.demo.stages import Stages
from console.deployment.deployment import deploy
from console.pages import services
from console.training import checks
from console.training import retraining as training
from console.use_cases import declaration
from use_cases.citibike.console.story import HourlyDemand

if TYPE_CHECKING:
    from bikecast.registry.manifest import ChampionManifest

STAGES = 7
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


@dataclass
class DemoResult:
    """What the story came to."""

    data: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    champion: "ChampionManifest | None" = None
    prediction: dict[str, Any] = field(default_factory=dict)
    answer: str = ""
    drift: list[dict[str, Any]] = field(default_factory=list)
    outputs: ConsoleOutputs = field(default_factory=ConsoleOutputs)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def run_demo(options: DemoOptions) -> DemoResult:
    """Tell the story from whatever state is found.

    Raises:
        StageError: A stage failed; the message names it, the cause, the log and what to do.
    """
    story = Stages(STAGES, log_folder=local_settings().log_dir)
    result, acts = DemoResult(), _acts()
    with story.stage("cloud", advice=ADVICE["cloud"]):
        start_cloud()
    with story.stage("deploy", advice=ADVICE["deploy"]):
        deploy(Target.EMBEDDED)
        cloud = find_cloud(Target.EMBEDDED)
    with story.stage("data", advice=ADVICE["data"]):
        result.data = acts.load(cloud, options)
    with story.stage("training", advice=ADVICE["training"]):
        result.training = _train(cloud, acts, options)
        services.begin_mlflow(cloud)
        result.champion = _champion(cloud, result.training)
    with story.stage("prediction", advice=ADVICE["prediction"]):
        result.prediction = acts.predict(cloud, result.champion)
        result.answer = acts.answer_line(result.prediction)
    with story.stage("monitor", advice=ADVICE["monitor"]):
        result.drift = acts.watch(cloud, result.champion, weeks=options.weeks)
    with story.stage("pages", advice=ADVICE["pages"]):
        services.start_pages(cloud)
        result.outputs = console_outputs(cloud, pages=services.page_outputs())
    result.stage_seconds, result.seconds = story.seconds, round(story.total_seconds, 1)
    return result


class Acts(Protocol):
    """What the stages do for one use case."""

    def load(self, cloud: Cloud, options: DemoOptions) -> dict[str, Any]:
        """Load a person's data; without any keep what is loaded, and simulate if nothing is."""
        ...

    def start_training(self, cloud: Cloud, options: DemoOptions) -> str:
        """Start a training and return the execution's ARN."""
        ...

    def predict(self, cloud: Cloud, champion: "ChampionManifest") -> dict[str, Any]:
        """Ask the API once."""
        ...

    def answer_line(self, answer: dict[str, Any]) -> str:
        """Say the answer in a line."""
        ...

    def watch(self, cloud: Cloud, champion: "ChampionManifest", *, weeks: int) -> list[dict[str, Any]]:
        """Run the monitor without consequences and return its verdicts."""
        ...


def _acts() -> Acts:
    """Return what the stages do for the chosen use case."""
    declared = declaration()
    return HourlyDemand() if declared is None else DeclaredRows(declared)


def _train(cloud: Cloud, acts: Acts, options: DemoOptions) -> dict[str, Any]:
    running = checks.running_training(cloud)
    if running is not None:
        ui.note("a training runs already: following it instead of starting another")
        return training.summary(training.watch_training(cloud, running))
    return training.summary(training.watch_training(cloud, acts.start_training(cloud, options)))


def _champion(cloud: Cloud, trained: dict[str, Any]) -> "ChampionManifest":
    try:
        return champions.read_champion(cloud)
    except DeploymentError as err:
        raise DeploymentError(f"no champion yet: {trained['decision']}, {trained['reason']}") from err
