"""The story of hourly demand: its own data, window of training, hour and weeks."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from bikecast.names import SIMULATED_MARKER_KEY, Prefix
from bikecast.storage import S3Store
from console.cloud.session import Cloud
from console.data.buckets import data_bucket
from console.demo.options import DemoOptions
from use_cases.citibike.console import predictions
from use_cases.citibike.console.checks import start_training
from use_cases.citibike.console.files import loading
from use_cases.citibike.console.files.simulations import simulated_source
from use_cases.citibike.console.files.sources import recognise

if TYPE_CHECKING:
    from bikecast.registry.manifest import ChampionManifest

FIFTEEN_MONTHS = dt.timedelta(days=455)  # a whole year to learn, and a quarter to be judged by
PREDICTED_HOUR = 8


class HourlyDemand:
    """What each stage does for hourly demand."""

    def load(self, cloud: Cloud, options: DemoOptions) -> dict[str, Any]:
        """Load a person's data; without any keep what is loaded, and simulate if nothing is."""
        bucket, path = data_bucket(cloud), options.data
        if path is None and bucket.keys(Prefix.PROCESSED_CITIBIKE) and bucket.keys(Prefix.PROCESSED_WEATHER):
            return {"kind": "loaded before", "simulated": bucket.has(SIMULATED_MARKER_KEY)}
        source = simulated_source() if path is None else recognise(path)
        report = loading.load(cloud, source, replace_simulated=options.replace_simulated)
        return report | {"simulated": source.is_simulated}

    def start_training(self, cloud: Cloud, options: DemoOptions) -> str:
        """Start a training on the latest fifteen months and return the execution's ARN."""
        start, end = _window(cloud)
        request = {
            "start_train_date": start.isoformat(),
            "end_train_date": end.isoformat(),
            "n_trials": options.trials,
            "tuning_workers": options.workers,
        }
        return start_training(cloud, request)

    def predict(self, cloud: Cloud, champion: "ChampionManifest") -> dict[str, Any]:
        """Predict the hour after the holdout."""
        day = champion.holdout.window()[1].date() + dt.timedelta(days=1)
        hour = dt.datetime.combine(day, dt.time(PREDICTED_HOUR))
        answer = predictions.predict_hour(cloud, hour, {})
        row: dict[str, Any] = answer["predictions"][0]
        return {"hour": hour.isoformat(sep=" "), **row, "weather": answer["weather"]["origin"]}

    def answer_line(self, answer: dict[str, Any]) -> str:
        """Say the answer in a line."""
        interval = f"90 % interval: {answer.get('low', 0):,.0f} to {answer.get('high', 0):,.0f}"
        hour, value, source = answer["hour"], answer["prediction"], answer.get("source")
        return f"{hour}: {value:,.0f} trips ({interval}), by {source}; weather: {answer['weather']}"

    def watch(self, cloud: Cloud, champion: "ChampionManifest", *, weeks: int) -> list[dict[str, Any]]:
        """Watch the last whole weeks, Monday to Sunday, of the champion's holdout."""
        from console.monitoring import drift

        last = champion.holdout.window()[1].date()
        sunday = last - dt.timedelta(days=(last.weekday() + 1) % 7)
        first = sunday - dt.timedelta(days=7 * weeks - 1)
        chosen = drift.windows(first, sunday, days=7)
        # The story is told without consequences: a pause or a retraining would change the next run of it.
        return drift.watch_windows(cloud, chosen, watch=drift.Watch(source="processed", act=False))


def _window(cloud: Cloud) -> tuple[dt.date, dt.date]:
    """Return the first and last day of the latest fifteen months that are there, or of all that is."""
    from use_cases.citibike.data_coverage import read_coverage

    coverage = read_coverage(S3Store(cloud.s3, data_bucket(cloud).name))
    end = coverage.latest_complete_month()
    return max(coverage.first, end - FIFTEEN_MONTHS), end
