"""``python -m local_cloud up|down|status``: the embedded cloud of this folder."""

import argparse
import json
import sys
from dataclasses import asdict

from bikecast.errors import BikecastError
from local_cloud import supervisor
from local_cloud.network import keep_loopback_direct
from local_cloud.remembered import recall
from local_cloud.settings import LocalCloudSettings

_NOT_RUNNING = 3


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local_cloud", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--json", action="store_true", help="print the status as JSON")
    arguments = parser.parse_args()
    keep_loopback_direct()
    try:
        return _run(arguments.command, recall(LocalCloudSettings()), as_json=arguments.json)
    except BikecastError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(command: str, settings: LocalCloudSettings, *, as_json: bool) -> int:
    if command == "up":
        supervisor.start(settings)
    if command == "down":
        sys.stderr.write("stopped\n" if supervisor.stop(settings) else "nothing was running\n")
        return 0
    components = supervisor.status(settings)
    if as_json:
        sys.stdout.write(f"{json.dumps([asdict(component) for component in components], indent=1)}\n")
    elif command == "status":
        lines = [
            f"{c.name:<12}{'running' if c.running else 'DEAD':<9}{c.url or ''}  {c.log}" for c in components
        ]
        sys.stdout.write("\n".join(lines or ["nothing is running"]) + "\n")
    return 0 if components and all(component.running for component in components) else _NOT_RUNNING


if __name__ == "__main__":
    sys.exit(main())
