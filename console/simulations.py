"""Simulated data for those who have none at hand; made once and kept in the clone's state."""

import datetime as dt
from pathlib import Path

from console import ui
from console.cloud import local_settings
from console.sources import MARKER_NAME, Source, recognise

FIRST_DAY = dt.date(2024, 1, 1)
LAST_DAY = dt.date(2025, 3, 31)
SEED = 42


def simulated_source() -> Source:
    """Return 15 simulated months at demo scale, simulating them if they were not yet."""
    folder = local_settings().root / "simulated" / f"{FIRST_DAY:%Y%m}-{LAST_DAY:%Y%m}-seed{SEED}"
    if not (folder / MARKER_NAME).exists():
        simulate_files(folder, FIRST_DAY, LAST_DAY)
    return recognise(folder)


def simulate_files(folder: Path, start: dt.date, end: dt.date, *, seed: int = SEED) -> None:
    """Write simulated trips and weather in the publishers' formats."""
    from bikecast.simulator import DEMO_SCALE, simulate

    with ui.activity(f"simulating {start} to {end}"):
        folder.mkdir(parents=True, exist_ok=True)
        simulate(folder, start, end, seed=seed, scale=DEMO_SCALE)
