"""``python -m benchmarks.drills [--times 20] [--only load,train,promote,drift,disk,database] [--folder F]``.

Kills all of an embedded cloud with SIGKILL at a random moment of a load, a training, a promotion and a run
of the monitor, while a client asks for predictions. After ``bikecast up``, once the executions that go on
have ended, tables, champion, registry and the monitor's rows must be those before or those after, and the
operation must complete when it is repeated. Then the disk is full during a load, and the database hangs
under load. Prints a table and ends with 1 if anything else was found; accepted predictions that were lost
are counted. A cloud of its own is prepared once in the folder, which a later run may name again.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.drills.drill import Result, run
from benchmarks.drills.operations import Drift, Load, Operation, Promote, Train
from benchmarks.drills.outages import database_down, disk_full
from benchmarks.drills.standing import Prepared, standing
from tests.deployment import Deployment

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
    parser.add_argument("--folder", type=Path, help="keeps the prepared cloud (default: one that vanishes)")
    options = parser.parse_args()
    chosen = options.only.split(",")
    results = [disk_full()] if "disk" in chosen else []
    with tempfile.TemporaryDirectory() as vanishing:
        results += _drills(options.folder or Path(vanishing), chosen, options)
    print("\n".join([Result.HEAD, *(result.line() for result in results)]))
    found = [f"{result.name}: {problem}" for result in results for problem in result.problems]
    print("\n".join(found) or "no violation")
    return 1 if found else 0


def _drills(folder: Path, chosen: list[str], options: argparse.Namespace) -> list[Result]:
    """Run what needs the prepared cloud."""
    if set(chosen) <= {"disk"}:
        return []
    with standing(folder.resolve()) as (cloud, prepared):
        results = [
            run(cloud, _operation(name, cloud, prepared), times=options.times, seed=options.seed)
            for name in KILLED
            if name in chosen
        ]
        if "database" in chosen:
            results.append(database_down(cloud, minutes=options.down_minutes))
    return results


def _operation(name: str, cloud: Deployment, prepared: Prepared) -> Operation:
    if name == "load":
        return Load(cloud, cloud.state_dir.parent, prepared.tables)
    if name == "promote":
        return Promote(cloud, prepared.executions)
    return Drift(cloud) if name == "drift" else Train(cloud)


if __name__ == "__main__":
    sys.exit(main())
