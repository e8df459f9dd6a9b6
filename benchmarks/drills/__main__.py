"""``python -m benchmarks.drills [--times 20] [--only load,train,promote,drift,disk,database] [--seed 1]``.

Deploys an embedded cloud of its own and kills all of it with SIGKILL at a random moment of a load, a
training, a promotion and a run of the monitor, while a client asks for predictions. After ``bikecast up``
tables, champion, registry and the monitor's rows must be those before or those after, and the operation
must complete when it is repeated. Then the disk is full during a load, and the database hangs under load.
Prints a table and ends with 1 if anything else was found; accepted predictions that were lost are counted.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.drills.drill import Result, run
from benchmarks.drills.operations import TRAINING, Drift, Load, Operation, Promote, Train
from benchmarks.drills.outages import database_down, disk_full
from tests.deployment import Deployment, deployed

KILLED, OUTAGES = ("load", "train", "promote", "drift"), ("disk", "database")


def main() -> int:
    """Run, print and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=20, help="how often each is killed (default: 20)")
    parser.add_argument("--only", default=",".join(KILLED + OUTAGES), help="names with commas between")
    parser.add_argument("--down-minutes", type=float, default=3.0, help="of the database (default: 3)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default: 1)")
    options = parser.parse_args()
    chosen = options.only.split(",")
    with tempfile.TemporaryDirectory() as folder, deployed(logs="drills-logs") as cloud:
        results = _kill(cloud, Path(folder), chosen, times=options.times, seed=options.seed)
        if "database" in chosen:
            results.append(database_down(cloud, minutes=options.down_minutes))
    if "disk" in chosen:
        results.append(disk_full())
    print("\n".join([Result.HEAD, *(result.line() for result in results)]))
    found = [f"{result.name}: {problem}" for result in results for problem in result.problems]
    print("\n".join(found) or "no violation")
    return 1 if found else 0


def _kill(cloud: Deployment, folder: Path, chosen: list[str], *, times: int, seed: int) -> list[Result]:
    load = Load(cloud, folder)
    executions = [_train(cloud, seed=each) for each in (1, 2)]
    results = []
    for name in (name for name in KILLED if name in chosen):
        operation = load if name == "load" else _operation(name, cloud, executions)
        results.append(run(cloud, operation, times=times, seed=seed))
    return results


def _operation(name: str, cloud: Deployment, executions: list[str]) -> Operation:
    if name == "promote":
        return Promote(cloud, executions)
    return Drift(cloud) if name == "drift" else Train(cloud)


def _train(cloud: Deployment, *, seed: int) -> str:
    """Train and return the execution."""
    return str(cloud.bikecast(*TRAINING, "--seed", str(seed))["execution"])


if __name__ == "__main__":
    sys.exit(main())
