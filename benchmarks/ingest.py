"""How fast trip files load, and in how much memory: ours, pandas doing the same counts, and the bare scan.

Run: ``python -m benchmarks.ingest [--trips 100000 1000000 5000000]``; prints a Markdown table. Each
figure is the best of a few runs, each in a process of its own, on one simulated month of plain CSV.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

DEFAULT_TRIPS = (100_000, 1_000_000, 5_000_000)
THREADS = 2


@dataclass(frozen=True)
class Run:
    """One measured run; ``cpu_s`` is user and system time of the process."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    trips: int


def load_ours(path: Path) -> int:
    """Keep the rides and refused rows of the file, and count its months."""
    from bikecast.examples.sources import LocalFile
    from bikecast.storage import FolderStore
    from use_cases.citibike.loading.month import ingest_month
    from use_cases.citibike.tables.counting import count_month

    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        ingest_month(store, "benchmark", [LocalFile(path, path.name)])
        rides = [key for key in store.keys("datasets/trips/2") if key.endswith(".parquet")]
        months = sorted({key.split("/")[2] for key in rides})
        return sum(
            count_month(store, [key for key in rides if f"/{month}/" in key]).trips for month in months
        )


def load_with_pandas(path: Path) -> int:
    """Read the whole file, parse its times, apply the same rule and count distinct rides by hour."""
    import pandas as pd

    table = pd.read_csv(path, dtype=str)
    start = pd.to_datetime(table["started_at"], errors="coerce", format="mixed")
    end = pd.to_datetime(table["ended_at"], errors="coerce", format="mixed")
    lasted = end - start
    kept = table.assign(hour=start.dt.floor("h"))[
        (lasted > pd.Timedelta(0)) & (lasted < pd.Timedelta(hours=1))
    ]
    return int(kept.drop_duplicates("ride_id").groupby("hour").size().sum())


def scan_all(path: Path) -> int:
    """Let the engine read every column as text and keep none: the floor."""
    return _scan(path, "count(COLUMNS(*))")


def scan_count(path: Path) -> int:
    """Let the engine count the rows."""
    return _scan(path, "count(*)")


def _scan(path: Path, what: str) -> int:
    from use_cases.citibike.trips.engine import bounded_engine

    with bounded_engine(path.parent, threads=THREADS) as engine:
        rows = engine.execute(f"SELECT {what} FROM read_csv($path, all_varchar = true)", {"path": str(path)})
        return int((rows.fetchone() or (0,))[0])


WAYS: dict[str, Callable[[Path], int]] = {
    "ours": load_ours,
    "pandas": load_with_pandas,
    "scan, all columns": scan_all,
    "scan, count(*)": scan_count,
}


def measure(way: str, path: Path) -> Run:
    """Run one way in a process of its own and return its figures without the start of Python."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ingest", "--way", way, "--file", str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Run(**json.loads(output.splitlines()[-1]))


def run_here(way: str, path: Path) -> Run:
    """Warm up on a few rows, so that imports do not count, then run and measure this process."""
    small = path.with_name("warm-up.csv")
    with path.open() as file:
        small.write_text("".join(line for _, line in zip(range(100), file, strict=False)))
    WAYS[way](small)
    before, began = os.times(), time.perf_counter()
    trips = WAYS[way](path)
    wall_s, after = time.perf_counter() - began, os.times()
    cpu_s = after.user + after.system - before.user - before.system
    return Run(wall_s=wall_s, cpu_s=cpu_s, peak_mb=_peak_mb(), trips=trips)


def _peak_mb() -> float:
    """Return the peak of resident memory; on Linux by the kernel's mark, which starts anew with a process."""
    status = Path("/proc/self/status")
    if status.exists():
        mark = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(mark.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def write_month(trips: int, folder: Path) -> Path:
    """Simulate a month with about this many trips, as one plain CSV file with all traps."""
    import datetime as dt

    from use_cases.citibike.simulator import simulate

    july_at_full_scale = 4_700_000
    first, last = dt.date(2024, 7, 1), dt.date(2024, 7, 31)
    simulation = simulate(folder / str(trips), first, last, scale=trips / july_at_full_scale)
    path = folder / f"{trips}.csv"
    with zipfile.ZipFile(simulation.files[0]) as archive, path.open("wb") as file:
        members = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
        for number, name in enumerate(members):
            body = archive.read(name)
            file.write(body if number == 0 else body.split(b"\n", 1)[1])
    return path


def table(path: Path, *, runs: int) -> list[str]:
    """Return a Markdown row for each way of reading one file."""
    best = {way: min((measure(way, path) for _ in range(runs)), key=lambda run: run.wall_s) for way in WAYS}
    ours = best["ours"]
    rows = best["scan, count(*)"].trips
    name = f"{rows:,} ({path.stat().st_size / 1e6:,.0f} MB)"
    return [
        f"| {name} | {way} | {rows / run.wall_s / 1e6:.2f} | {run.wall_s:.2f} "
        f"| {run.cpu_s:.2f} | {run.peak_mb:,.0f} | {run.wall_s / ours.wall_s:.2f} |"
        for way, run in best.items()
    ]


def main() -> None:
    """Print the table, or run one way for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trips", type=int, nargs="+", default=list(DEFAULT_TRIPS))
    parser.add_argument("--runs", type=int, default=3, help="of which the best counts")
    parser.add_argument("--way", choices=list(WAYS))
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(vars(run_here(options.way, options.file))))
        return
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print("| rows | way | million rows/s | wall s | CPU s | peak MB | wall / ours |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for trips in options.trips:
            print("\n".join(table(write_month(trips, Path(folder)), runs=options.runs)), flush=True)


if __name__ == "__main__":
    main()
