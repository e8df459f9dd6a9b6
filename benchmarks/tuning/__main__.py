"""Wall time to the same cross-validated RMSE: our search against the predecessor's way, in one run.

The predecessor's way: ``cross_val_score`` refits every fold of every trial, nothing is stopped early; once as
it was (one process, the library's threads), once with its folds on all cores. Ours: workers on one study in
Postgres, each family pruned fold by fold. They search XGBoost in the same space with TPE, from the same
number of trials, and are judged on the same rolling-origin folds by the same pooled RMSE. The last row is our
search as it ships: all families, each one's known-good start first.

    BIKECAST_REAL_DATA=folder python -m benchmarks.tuning --trials 50 --seeds 3

Every way runs in fresh processes and is timed from before their start, imports included. A made-up city takes
the place of New York if no folder is named.
"""

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.real_data import read_sample
from benchmarks.tuning.courses import Course, print_table
from benchmarks.tuning.ways import FAMILY, Task, Unlevelled, our_way, predecessors_way
from bikecast.database import DatabaseSettings
from tests.postgres import Server
from training_job.migrations import migrate
from use_cases.citibike.training.search import SEARCH_FILE, HourlySearch, load_hourly_search

FIRST_SEED = 42


def run_seed(task: Task, everything: HourlySearch) -> dict[str, Course]:
    """Run every way once."""
    return {
        "ours": our_way(task, name=f"same-space-{task.seed}"),
        "cross_val_score, as it was": predecessors_way(task, processes=None),
        "cross_val_score, all cores": predecessors_way(task, processes=os.cpu_count()),
        "ours as shipped": our_way(replace(task, search=everything), name=f"as-shipped-{task.seed}"),
    }


def main() -> None:
    """Run the searches seed by seed and print their courses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    sample, what = read_sample()
    shipped = load_hourly_search(SEARCH_FILE)
    everything = shipped.model_copy(update={"level": Unlevelled(half_life_days=1, horizon_hours=0)})
    plain = everything.model_copy(update={"families": {FAMILY: shipped.families[FAMILY]}})
    print(
        f"{what}, {sample.hours.size} hours, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"{options.trials} trials, {options.workers} workers"
    )
    with tempfile.TemporaryDirectory() as folder:
        server, database = _start(Path(folder))
        runs = []
        for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
            task = Task(sample, plain, options.trials, options.workers, seed, database)
            runs.append(run_seed(task, everything))
        server.stop()
    print_table(runs, ours="ours")


def _start(folder: Path) -> tuple[Server, DatabaseSettings]:
    server = Server(folder)
    server.initialise()
    server.start()
    database = server.create_database()
    migrate(database)
    return server, database


if __name__ == "__main__":
    main()
