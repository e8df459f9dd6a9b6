"""Where each second of load, retrain and drift goes: every container as a fresh process, its CPU by phase.

    python -m benchmarks.loop --trials 12
    BIKECAST_REAL_DATA=folder python -m benchmarks.loop --trials 50

The steps are those of the state machines, with folders for buckets and a real database; what a state machine,
a queue or Fargate adds is not in it. Without a folder the data are the demo's fifteen simulated months. CPU
seconds, because they tell the same on a busy machine; ``rest`` holds what no phase claims, such as features,
calibration and judging, and the threads of libraries.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.loop.inputs import put_inputs
from bikecast.database import DatabaseSettings, login_password
from bikecast.requests import parse_request
from bikecast.storage import FolderStore
from tests.postgres import Server
from use_cases.citibike.loading.plan import IngestRequest, plan_ingestion

COLUMNS = ("start", "imports", "database", "reading", "fitting", "drawing", "registry", "writing", "rest")


@dataclass
class Loop:
    """Runs containers and remembers what they cost."""

    folder: Path
    database: dict[str, Any]
    rows: list[tuple[str, float, dict[str, float]]] = field(default_factory=list)

    def run(self, payload: dict[str, Any], *steps: str) -> Any:
        """Run a container's steps in a process of its own and return their result."""
        told = {"steps": steps, "input": payload, "folder": str(self.folder), "database": self.database}
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.loop.step"],
            input=json.dumps(told), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise SystemExit(f"{steps[0]} failed:\n{done.stderr[-3000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        self.rows.append((", ".join(steps), time.monotonic() - began, found["phases"]))
        print(_row(*self.rows[-1]), file=sys.stderr, flush=True)
        return found["result"]

    def load(self, sizes: dict[str, int]) -> None:
        """Load what was uploaded, as the state machine does."""
        plan = json.loads(json.dumps(plan_ingestion(parse_request(IngestRequest, {}), sizes)))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda batch: self.run(batch, "ingest-month"), plan["batches"]))
        self.run(plan["publish"], "publish-tables", "refresh-level", "record-actuals")

    def retrain(self, request: dict[str, Any], *, workers: int) -> None:
        """Run one execution."""
        job: dict[str, Any] = {"request": request, "execution": "loop"}
        job["prepare"] = self.run(job, "prepare")
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda worker: self.run({**job, "worker": worker}, "tune"), range(workers)))
        self.run(self.run(job, "train", "evaluate"), "promote", "refresh-dashboard")

    def table(self) -> str:
        """Return CPU seconds by step and phase."""
        lines = [f"| container | wall s | CPU s | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 3) + "|"]
        totals: dict[str, float] = defaultdict(float)
        for name, wall_s, phases in self.rows:
            lines.append(_row(name, wall_s, phases))
            for phase, seconds in phases.items():
                totals[phase] += seconds
        return "\n".join([*lines, _row("all", sum(wall for _, wall, _ in self.rows), totals)])


def _row(name: str, wall_s: float, phases: dict[str, float]) -> str:
    cells = [f"{phases.get(column, 0):.1f}" for column in COLUMNS]
    return f"| {name} | {wall_s:.1f} | {sum(phases.values()):.1f} | {' | '.join(cells)} |"


def _logins(database: DatabaseSettings) -> dict[str, Any]:
    return database.model_dump(mode="json") | {"password": login_password(database)}


def main() -> None:
    """Run the loop once and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.initialise()
        server.start()
        try:
            loop = Loop(Path(folder), _logins(server.create_database()))
            what, sizes, window = put_inputs(FolderStore(Path(folder) / "data"))
            if sizes:
                loop.load(sizes)
            asked = {**window, "n_trials": options.trials, "tuning_workers": options.workers}
            loop.retrain(asked, workers=options.workers)
        finally:
            server.stop()
    print(f"{what}; {options.trials} trials; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(loop.table())


if __name__ == "__main__":
    main()
