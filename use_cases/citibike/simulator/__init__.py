"""Simulated trips and weather in the publisher's own formats, calibrated to public aggregate figures.

What comes out is always labelled simulated: the marker file travels with the data into every load report.
"""

from use_cases.citibike.simulator.options import DEMO_SCALE, Shift, ShiftKind, Trap
from use_cases.citibike.simulator.simulation import Simulation, simulate, simulate_tables

__all__ = [
    "DEMO_SCALE",
    "Shift",
    "ShiftKind",
    "Simulation",
    "Trap",
    "simulate",
    "simulate_tables",
]
