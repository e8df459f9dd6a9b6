"""The demo of a declared use case: a simulated sample or a person's files, rows of its table as traffic."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bikecast.errors import DeploymentError
from bikecast.names import simulated_marker_key
from bikecast.storage import exists
from console import ui
from console.cloud.session import Cloud
from console.cloud.stores import data_store
from console.data.row_loading import load_rows, load_simulated_rows
from console.demo.options import DemoOptions
from console.serving.redrive import wait_until_captured
from console.serving.row_predictions import answer_rows, predict_rows, predict_table_rows
from console.training.row_training import row_request, start_row_training

if TYPE_CHECKING:
    from bikecast.registry.manifest import ChampionManifest
    from bikecast.use_case import UseCase


@dataclass(frozen=True)
class DeclaredRows:
    """What each stage does for a declared use case."""

    use_case: "UseCase"

    def load(self, cloud: Cloud, options: DemoOptions) -> dict[str, Any]:
        """Load a person's files; without any keep what is loaded, and simulate if nothing is."""
        from bikecast.examples import partitions

        store = data_store(cloud)
        if options.data is not None:
            agreed = options.replace_simulated
            return load_rows(cloud, self.use_case, options.data, replace_simulated=agreed)
        if partitions(store, self.use_case):
            return {
                "kind": "loaded before",
                "simulated": exists(store, simulated_marker_key(self.use_case.name)),
            }
        return load_simulated_rows(cloud, self.use_case)

    def start_training(self, cloud: Cloud, options: DemoOptions) -> str:
        """Start a training and return the execution's ARN."""
        asked = {"n_trials": options.trials, "tuning_workers": options.workers}
        return start_row_training(cloud, self.use_case, row_request(self.use_case, asked, {}))

    def predict(self, cloud: Cloud, champion: "ChampionManifest") -> dict[str, Any]:  # noqa: ARG002 - as for all
        """Ask about the first example of the declaration."""
        row: dict[str, Any] = answer_rows(predict_rows(cloud, self.use_case, None))[0]
        return row

    def answer_line(self, answer: dict[str, Any]) -> str:
        """Say the answer in a line."""
        return ", ".join(f"{name} {value}" for name, value in answer.items())

    def watch(self, cloud: Cloud, champion: "ChampionManifest", *, weeks: int) -> list[dict[str, Any]]:
        """Watch the last windows of the holdout; where rows have no time, rows of the table as asked now."""
        from console.monitoring import drift

        quietly = drift.Watch(act=False)
        if self.use_case.monitoring.window_days is not None:
            return drift.watch_windows(cloud, list(self._windows(champion, weeks)), watch=quietly)
        asked = predict_table_rows(cloud, self.use_case, count=self.use_case.monitoring.window_rows or 0)
        ui.note(f"watched are {asked} rows of the table; the model has learnt from most of them")
        wait_until_captured(cloud)
        return drift.watch_latest(cloud, watch=quietly)

    def _windows(self, champion: "ChampionManifest", count: int) -> Iterator[Any]:
        from console.monitoring import drift

        days, last = self.use_case.monitoring.window_days or 1, champion.holdout.window()[1].date()
        begin = champion.holdout.window()[0].date()
        count = min(count, ((last - begin).days + 1) // days)
        if not count:
            raise DeploymentError(f"the holdout is shorter than one window of {days} days")
        yield from drift.windows(last - dt.timedelta(days=days * count - 1), last, days=days)
