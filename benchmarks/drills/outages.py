"""Outages that nobody dies of: a full disk during a load, and a database that hangs under load."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.drills.clients import Client
from benchmarks.drills.killing import kill_everything
from benchmarks.drills.results import Result
from benchmarks.drills.state import look
from tests.deployment import Deployment, deployed
from tests.faults import frozen

POSTGRES = ("bin/postgres", "-D")
DISK_MB, LEFT_KB = 3000, 256


def database_down(cloud: Deployment, *, minutes: float) -> Result:
    """Suspend Postgres while a client asks; every accepted prediction must be stored afterwards."""
    result, client, begun_s = Result("database"), Client(cloud), time.monotonic()
    client.start()
    time.sleep(5)
    with frozen(cloud, *POSTGRES):
        time.sleep(60 * minutes)
    time.sleep(5)
    client.stop()
    result.count(client)
    result.seconds = time.monotonic() - begun_s
    if result.accepted < result.sent:
        unanswered = result.sent - result.accepted
        result.problems.append(f"{unanswered} requests were not answered while the database hung")
    if result.lost:
        result.problems.append(f"{result.lost} accepted predictions are not in Postgres")
    return result


def disk_full() -> Result:
    """Load on a cloud whose disk is full, kill it, free the disk: as before, and the load completes."""
    result = Result("disk")
    with _small_disk() as disk, tempfile.TemporaryDirectory(dir="/var/tmp") as files:
        tempfile.tempdir = str(disk)
        try:
            with deployed(logs="drills-disk-logs") as cloud:
                _fill(cloud, disk, Path(files) / "files", result)
        finally:
            tempfile.tempdir = None
    return result


def _fill(cloud: Deployment, disk: Path, files: Path, result: Result) -> None:
    cloud.bikecast("simulate", str(files), "--from", "2024-01-01", "--to", "2024-03-31")
    before, ballast = look(cloud), disk / "ballast"
    free = shutil.disk_usage(disk).free
    subprocess.run(["fallocate", "-l", str(free - 1024 * LEFT_KB), str(ballast)], check=True)
    try:
        cloud.bikecast("load", str(files), expect=1)
        kill_everything(cloud)
    finally:
        ballast.unlink()
    cloud.bikecast("up")
    if look(cloud) != before:
        result.problems.append("a load on a full disk left something")
    result.seen["before"] += 1
    cloud.bikecast("load", str(files))


@contextmanager
def _small_disk() -> Iterator[Path]:
    """A file system in memory; needs root."""
    place = Path(tempfile.mkdtemp())
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()
