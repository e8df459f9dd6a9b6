"""Ours against the predecessor's loop: 52 weekly windows, in one run, on simulated data.

    python -m benchmarks.monitoring

The predecessor's loop is done its way on the same rows: Evidently's preset metrics with default methods on
every column, calendar included, the whole training window as the reference, one row a week in Postgres.
There one drifted column is an alarm, here it takes a verdict; both counts are given for both, over the same
windows. One process works here; `bikecast drift` keeps two at work.
"""

import argparse
import datetime as dt
import importlib
import json
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from posixpath import dirname
from typing import Any

import numpy as np

from bikecast.database import DatabaseSettings, connect
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.run import Ports, monitor
from bikecast.monitoring.windows import Source
from bikecast.storage import FolderStore
from use_cases.citibike.monitoring.champion import read_history
from use_cases.citibike.monitoring.hours import DAY, PREDICTION, TARGET, WEATHER, ScoredHours
from use_cases.citibike.monitoring.limits import calibrate
from use_cases.citibike.monitoring.watch import WATCH

WEEKS = 52
FIRST_MONDAY = dt.datetime(2024, 1, 1)
YEAR_S = 60.0  # what is promised for the year
CROWD = """
insert into monitoring.predictions
    (use_case, id, request_id, predicted_for, requested_at, model_version, source, prediction, low, high,
     inputs, latency_ms, key)
select 'citibike', 'asked-' || i, 'asked-' || i,
    %(start)s + i %% %(hours)s * interval '1 hour', %(start)s, '1',
    'champion', 1000 + i %% 700, 500, 2000, '{"TMAX": 41, "TMIN": 33, "SNOW": 0}'::jsonb, 1.0,
    to_char(%(start)s + i %% %(hours)s * interval '1 hour', 'YYYY-MM-DD HH24:MI:SS')
from generate_series(1, %(n)s) i
"""
Rang = tuple[int, int]  # windows with a drifted column, windows that are an alarm


def main() -> None:
    """Print one JSON object with both ways' times and alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=WEEKS)
    parser.add_argument("--rival-weeks", type=int, default=WEEKS, help="windows of the predecessor's way")
    parser.add_argument("--predictions", type=int, default=1_000_000, help="in the week of most traffic")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # Evidently's, of columns that do not vary
    os.environ["DO_NOT_TRACK"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(_compare(Path(folder), arguments), indent=1))


def _compare(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from tests.postgres import Server

    server = Server(folder / "postgres")
    (folder / "postgres").mkdir()
    server.initialise()
    server.start()
    try:
        ports = _city(folder, server.create_database())
        imported = _timed(_import_evidently)
        numbers = _timed(lambda: _ours(ports, arguments.weeks, html=False))
        crowd = _crowd(ports, arguments.predictions)
        pages = _timed(lambda: _ours(ports, arguments.weeks, html=True))
        rival = _timed(lambda: _theirs(ports, arguments.rival_weeks))
    finally:
        server.stop()
    return {
        "importing Evidently, cpu_s": round(imported[2], 1),
        "ours, numbers": _told(numbers, arguments.weeks),
        f"ours, numbers of a week of {arguments.predictions:,} predictions": crowd,
        "ours, with Evidently's pages": _told(pages, arguments.weeks),
        "predecessor's way": _told(rival, arguments.rival_weeks),
        "year under a minute": {"numbers": numbers[1] <= YEAR_S, "with pages": pages[1] <= YEAR_S},
        "peak_memory_mb": _peak_memory_mb(),
        "load_1_min": round(os.getloadavg()[0], 1),
    }


def _import_evidently() -> Rang:
    """Pay once for what both ways need."""
    return len([importlib.import_module(name) for name in ("evidently", "evidently.metrics")]), 0


def _city(folder: Path, database: DatabaseSettings) -> Ports:
    from tests.champions import publish_champion
    from training_job.migrations import migrate
    from use_cases.citibike.simulator.simulation import simulate_tables
    from use_cases.citibike.tables.hourly import write_hourly, write_weather

    migrate(database)
    data, serving, reports = (FolderStore(folder / name) for name in ("data", "serving", "reports"))
    hourly, weather = simulate_tables(dt.date(2024, 1, 1), dt.date(2024, 12, 31), scale=1.0)
    write_hourly(data, hourly)
    write_weather(data, weather)
    manifest = publish_champion(serving, hourly, weather)
    limits = calibrate(read_history(serving, manifest)).model_dump_json().encode()
    serving.write(f"{dirname(manifest.model.key)}/thresholds.json", limits)
    return Ports(data, serving, reports, connect=lambda: connect(database, application="benchmark"))


def _ours(ports: Ports, weeks: int, *, html: bool) -> Rang:
    end = FIRST_MONDAY + dt.timedelta(days=7 * weeks)
    request = MonitorRequest(
        window_start=FIRST_MONDAY, window_end=end, every="1w", source=Source.PROCESSED, html=html, act=False
    )
    verdicts = list(monitor(request, ports, WATCH))
    drifted = sum(verdict["metrics"]["num_drifted_columns"] > 0 for verdict in verdicts)
    return drifted, sum(verdict["action"] != "none" for verdict in verdicts)


def _crowd(ports: Ports, n_predictions: int) -> dict[str, float]:
    """Watch a week in which a version was asked so often; return time and what memory grew by."""
    with ports.connect() as connection:
        connection.execute(CROWD, {"start": FIRST_MONDAY, "n": n_predictions, "hours": 168})
    request = MonitorRequest(
        window_start=FIRST_MONDAY,
        window_end=FIRST_MONDAY + dt.timedelta(days=7),
        source=Source.PREDICTIONS,
        html=False,
        act=False,
    )
    before_mb, began = _peak_memory_mb(), time.perf_counter()
    (verdict,) = monitor(request, ports, WATCH)
    wall_s = time.perf_counter() - began
    if verdict["n_predictions"] != n_predictions:
        raise SystemExit(f"{verdict['n_predictions']} of {n_predictions} predictions were watched")
    return {"wall_s": round(wall_s, 2), "more_memory_mb": _peak_memory_mb() - before_mb}


def _peak_memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _theirs(ports: Ports, weeks: int) -> Rang:
    """Return how many weeks ring when one drifted column is an alarm, as Evidently's defaults have it."""
    from use_cases.citibike.monitoring.champion import load_champion

    history = load_champion(ports.serving).history
    rang = 0
    for week in range(weeks):
        start = np.datetime64(FIRST_MONDAY, "s") + 7 * week * DAY
        drifted = _default_report(history.between(start, start + 7 * DAY), history)
        with ports.connect() as connection:
            connection.execute("select %s::float8", (drifted,))
        rang += drifted > 0
    return rang, rang


def _default_report(current: ScoredHours, reference: ScoredHours) -> float:
    from evidently import DataDefinition, Dataset, Regression, Report
    from evidently import metrics as of

    frames = [_calendar_frame(side) for side in (reference, current)]
    regression = [Regression(target=TARGET, prediction=PREDICTION)]
    definition = DataDefinition(numerical_columns=list(frames[0].columns), regression=regression)
    errors = [of.R2Score(), of.RMSE(), of.MAE(), of.MeanError(), of.AbsMaxError(), of.MAPE()]
    drift = [of.ValueDrift(column=PREDICTION), of.DriftedColumnsCount(), of.DatasetMissingValueCount()]
    then, now = (Dataset.from_pandas(frame, definition) for frame in frames)
    found = Report([*drift, *errors]).run(now, then).dict()["metrics"]
    counts = (m["value"]["count"] for m in found if m["config"]["type"].endswith("DriftedColumnsCount"))
    return float(next(counts))


def _calendar_frame(hours: ScoredHours) -> Any:
    import pandas as pd

    stamps = pd.DatetimeIndex(hours.timestamp)
    turn = {"hr": stamps.hour / 24, "day": stamps.dayofweek / 7, "week": stamps.isocalendar().week / 52}
    angles = {name: 2 * np.pi * np.asarray(share, float) for name, share in turn.items()}
    turns = {f"{name}_sin": np.sin(angle) for name, angle in angles.items()}
    turns |= {f"{name}_cos": np.cos(angle) for name, angle in angles.items()}
    return pd.DataFrame({name: hours[name] for name in (TARGET, PREDICTION, *WEATHER)} | turns)


def _timed(work: Callable[[], Rang]) -> tuple[Rang, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    alarms = work()
    return alarms, time.perf_counter() - wall, time.process_time() - cpu


def _told(result: tuple[Rang, float, float], windows: int) -> dict[str, float]:
    (drifted, alarms), wall, cpu = result
    return {
        "windows": windows,
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "cpu_s_for_52": round(cpu / windows * WEEKS, 1),
        "windows_with_a_drifted_column": drifted,
        "windows_that_are_an_alarm": alarms,
    }


if __name__ == "__main__":
    main()
