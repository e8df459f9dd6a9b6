"""A small made-up city for the steps: five months of hours and weather, folders, a real database."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bikecast.database import DatabaseSettings, connect
from bikecast.names import MODEL_NAME, Step
from bikecast.storage import FolderStore
from training_job.__main__ import find_step
from training_job.runtime.context import Context
from use_cases.citibike.calendar import holiday_rank
from use_cases.citibike.tables.hourly import write_hourly, write_weather
from use_cases.citibike.wall_time import wall_hours

QUICK_SEARCH = Path(__file__).with_name("quick_search.toml")
START, END, LATER = dt.date(2024, 3, 1), dt.date(2024, 7, 31), dt.date(2024, 8, 31)
REQUEST = {"start_train_date": START.isoformat(), "end_train_date": END.isoformat(), "n_trials": 3}


@dataclass(frozen=True)
class World:
    """The context of the steps, and shorthands."""

    context: Context

    def step(self, name: str, payload: Mapping[str, Any]) -> Any:
        """Run a step as the container would."""
        return find_step(Step(name.replace("_", "-")))(self.context, payload)

    def until_evaluated(self, execution: str, **request: Any) -> dict[str, Any]:
        """Run an execution up to the gate's decision; the next step's input is returned."""
        job: dict[str, Any] = {"request": REQUEST | request, "execution": execution}
        job["prepare"] = self.step("prepare", job)
        self.step("tune", {**job, "worker": 0})
        for name in ("train", "evaluate"):
            job[name] = self.step(name, job)
        return job

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with connect(self.context.database, application="test") as connection:
            return connection.execute(query).fetchall()

    def aliases(self) -> dict[str, str]:
        """Return the registry's aliases."""
        return self.context.open_registry(self.context).aliases(MODEL_NAME)

    def tags(self, version: str) -> dict[str, str]:
        """Return a version's tags."""
        from training_job.registry import tracking

        tags: dict[str, str] = tracking.open_client(self.context).get_model_version(MODEL_NAME, version).tags
        return tags


def folder_context(folder: Path) -> Context:
    """Return a context for steps that need no database, on New Year's Day of 2025."""
    data, others = FolderStore(folder / "data"), FolderStore(folder / "others")
    return Context(
        data=data,
        artifacts=others,
        serving=others,
        reports=others,
        database=DatabaseSettings(host="unused", user="unused"),
        code_version="test",
        clock=lambda: dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    )


def build(folder: Path, database: DatabaseSettings) -> World:
    """Return a city with data until ``END``."""
    stores = {name: FolderStore(folder / name) for name in ("data", "artifacts", "serving", "reports")}
    context = Context(**stores, database=database, code_version="test", search_file=QUICK_SEARCH)  # type: ignore[arg-type]  # stores by field
    world = World(context)
    load(world, END)
    return world


def load(world: World, end: dt.date) -> None:
    """Write demand and weather from ``START`` to ``end``; the same values each time."""
    hours = wall_hours(START, end)
    days = pd.date_range(START, end)
    weather = _weather(days)
    write_weather(world.context.data, weather)
    write_hourly(world.context.data, _demand(hours, weather))


def _weather(days: pd.DatetimeIndex) -> pd.DataFrame:
    generator = np.random.default_rng(11)
    noise, rain = generator.standard_normal(400)[: len(days)], generator.random(400)[: len(days)]
    tmax = 62 + 18 * np.sin((days.dayofyear.to_numpy() - 110) / 365 * 2 * np.pi) + 7 * noise
    return pd.DataFrame(
        {
            "DATE": days,
            "TMAX": tmax,
            "TMIN": tmax - 14,
            "SNOW": 0.0,
            "PRCP": np.where(rain > 0.7, rain - 0.6, 0.0),
            "AWND": 8.0,
            "SNWD": 0.0,
            "TAVG": tmax - 7,
        }
    )


def _demand(hours: pd.DatetimeIndex, weather: pd.DataFrame) -> pd.DataFrame:
    today = weather.set_index("DATE").loc[hours.normalize()]
    clock, working = hours.hour.to_numpy(), hours.dayofweek.to_numpy() < 5
    shape = np.where(working, np.exp(-((clock - 17.5) ** 2) / 8), np.exp(-((clock - 14) ** 2) / 18)) + 0.1
    mean = 900 * shape * (0.3 + today["TMAX"].to_numpy() / 100) * (1 - 1.2 * today["PRCP"].to_numpy())
    trips = np.random.default_rng(5).poisson(np.repeat(1.0, len(hours)) * np.maximum(mean, 15))
    ranks = holiday_rank(hours.to_numpy().astype("datetime64[s]"))
    return pd.DataFrame(
        {
            "date": hours.normalize(),
            "hour": clock.astype("int32"),
            "trips": trips.astype("int64"),
            "holiday": (ranks > 0).astype("int64"),
        }
    )
