"""Simulated data for those who have none; made once and kept in the clone's state."""

import datetime as dt
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bikecast.errors import InputError
from console import ui
from console.cloud.session import local_settings
from use_cases.citibike.console.files.sources import Source, recognise

if TYPE_CHECKING:
    from collections.abc import Collection

    from use_cases.citibike.simulator import Shift, Trap

FIRST_DAY = dt.date(2024, 1, 1)
LAST_DAY = dt.date(2025, 3, 31)
SEED = 42


def simulated_source() -> Source:
    """Return 15 simulated months at demo scale, simulating them if they were not yet."""
    folder = local_settings().root / "simulated" / f"{FIRST_DAY:%Y%m}-{LAST_DAY:%Y%m}-seed{SEED}"
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        simulate_files(unfinished, start=FIRST_DAY, end=LAST_DAY, seed=SEED)
        unfinished.rename(folder)
    return recognise(folder)


def simulate_files(
    folder: Path,
    *,
    start: dt.date,
    end: dt.date,
    seed: int = SEED,
    scale: float | None = None,
    shift: "Shift | None" = None,
    traps: "Collection[Trap] | None" = None,
    hourly_weather: bool = False,
) -> int:
    """Write simulated trips and weather in the publishers' formats and return the number of trips."""
    from use_cases.citibike.simulator import DEMO_SCALE, Trap, simulate

    with ui.activity(f"simulating {start} to {end}") as current:
        done = simulate(
            folder,
            start,
            end,
            seed=seed,
            scale=scale or DEMO_SCALE,
            shift=shift,
            traps=tuple(Trap) if traps is None else traps,
            hourly_weather=hourly_weather,
            progress=current.update,
        )
        current.update(f"{done.rows:,} trips")
    return done.rows


def parse_traps(text: str) -> "list[Trap]":
    """Read ``all``, ``none`` or names of traps with commas between.

    Raises:
        InputError: There is no such trap.
    """
    from use_cases.citibike.simulator import Trap

    names = {"all": ",".join(Trap), "none": ""}.get(text, text)
    try:
        return [Trap(name.strip()) for name in names.split(",") if name.strip()]
    except ValueError as err:
        raise InputError(f"--traps is all, none or names of {', '.join(Trap)}, but got {text!r}") from err


def parse_shift(text: str | None) -> "Shift | None":
    """Read ``kind:day`` or ``kind:day:strength``, such as ``demand_level:2025-02-01:0.4``.

    Raises:
        InputError: It is neither, or there is no such kind.
    """
    from use_cases.citibike.simulator import Shift, ShiftKind

    if text is None:
        return None
    kind, _, rest = text.partition(":")
    day, _, strength = rest.partition(":")
    try:
        return Shift(ShiftKind(kind), dt.date.fromisoformat(day), float(strength or 1))
    except ValueError as err:
        kinds = ", ".join(ShiftKind)
        raise InputError(
            f"--shift is kind:day or kind:day:strength with a kind of {kinds}, but got {text!r}"
        ) from err
