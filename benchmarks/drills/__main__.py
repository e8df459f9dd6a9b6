"""``python -m benchmarks.drills [--times 20] [--only load,train,promote,drift,disk,database] [--folder F]``.

Kills all of an embedded cloud with SIGKILL at a random moment of a load, a training, a promotion and a run
of the monitor, while a client asks for predictions. After ``bikecast up``, once the executions that go on
have ended, tables, champion, registry and the monitor's rows must be those before or those after, and the
operation must complete when it is repeated. Then the disk is full during a load, and the database hangs
under load. Prints a table and ends with 1 if anything else was found; accepted predictions that were lost
are counted. A cloud of its own is prepared once in the folder, which a later run may name again: the table
then counts the drills of all runs, and another ``--seed`` chooses other moments.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.drills.drill import run
from benchmarks.drills.operations import Drift, Load, Operation, Promote, Train
from benchmarks.drills.outages import database_down, disk_full
from benchmarks.drills.results import Result, keep, totals
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
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no further turn after these")
    parser.add_argument("--folder", type=Path, help="keeps cloud and results (default: one that vanishes)")
    options = parser.parse_args()
    chosen = options.only.split(",")
    with tempfile.TemporaryDirectory() as vanishing:
        folder = (options.folder or Path(vanishing)).resolve()
        for result in _drills(folder, chosen, options):
            keep(folder, result)
        results = totals(folder)
    print("\n".join([Result.HEAD, *(result.line() for result in results)]))
    found = [f"{result.name}: {problem}" for result in results for problem in result.problems]
    print("\n".join(found) or "no violation")
    return 1 if found else 0


def _drills(folder: Path, chosen: list[str], options: argparse.Namespace) -> Iterator[Result]:
    """Run one after the other, those that need the prepared cloud last."""
    if "disk" in chosen:
        yield disk_full()
    if set(chosen) <= {"disk"}:
        return
    with standing(folder) as (cloud, prepared):
        for name in KILLED:
            if name in chosen:
                operation = _operation(name, cloud, prepared)
                yield run(cloud, operation, times=options.times, seed=options.seed, minutes=options.minutes)
        if "database" in chosen:
            yield database_down(cloud, minutes=options.down_minutes)


def _operation(name: str, cloud: Deployment, prepared: Prepared) -> Operation:
    if name == "load":
        return Load(cloud, cloud.state_dir.parent, prepared.tables)
    if name == "promote":
        return Promote(cloud, prepared.executions)
    return Drift(cloud) if name == "drift" else Train(cloud)


if __name__ == "__main__":
    sys.exit(main())
