"""``python -m benchmarks.load [--minutes 5] [--clients 4]``: nothing wrong, nothing refused, nothing lost.

Deploys an embedded cloud of its own, trains a champion, asks as fast as it answers, and meanwhile promotes
and rolls back every few seconds, kills Postgres and lets it hang, lets the queue refuse, lets the bucket
refuse while twice as many clients come, and damages a champion.
Ends with 1 if an answer is wrong, a request fails or an accepted prediction is not in Postgres.
"""

import argparse
import sys
import time

from benchmarks.load.faults import Course
from benchmarks.load.fire import Fire
from benchmarks.load.ledger import Stored, stored_rows
from benchmarks.load.report import table, violations
from benchmarks.load.versions import prepare
from tests.deployment import Deployment, deployed

STORED_LIMIT_S = 300.0


def main() -> int:
    """Run, print and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to ask (default: 5)")
    parser.add_argument("--clients", type=int, default=4, help="how many ask at a time (default: 4)")
    options = parser.parse_args()
    with deployed(logs="load-logs") as cloud:
        cloud.bikecast("load", "--simulate")
        cloud.bikecast("train", "--trials", "2")
        fire, stored, course = run(cloud, seconds=60 * options.minutes, clients=options.clients)
    print(table(fire, stored, course))
    found = violations(fire, stored, course)
    print("\n".join(found) or "no violation")
    return 1 if found else 0


def run(cloud: Deployment, *, seconds: float, clients: int) -> tuple[Fire, Stored, Course]:
    """Ask for some time while things happen; then wait for the log to be stored."""
    versions = prepare(cloud)
    fire = Fire(cloud, versions, clients=clients)
    course = Course(cloud, versions, seconds=seconds, reinforce=fire.reinforce)
    fire.start()
    try:
        course.run()
    finally:
        fire.stop()
    sent = cloud.bikecast("redrive", "--since", f"{int(seconds + 600)}s")
    deadline_s = time.monotonic() + STORED_LIMIT_S
    while (stored := stored_rows(cloud, fire.accepted, sent)).missing and time.monotonic() < deadline_s:
        time.sleep(5)
    return fire, stored, course


if __name__ == "__main__":
    sys.exit(main())
