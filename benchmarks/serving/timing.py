"""Timing a call: warm up, repeat for a while, report."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

WARM_UP = 20


@dataclass(frozen=True)
class Timing:
    """Latency of one call after the other, in milliseconds, and what that gives a second."""

    p50_ms: float
    p99_ms: float
    per_s: float
    n: int

    def as_dict(self) -> dict[str, float]:
        """Return the fields."""
        return asdict(self)


def timed(call: Callable[[], object], *, seconds: float) -> Timing:
    """Call for about ``seconds``."""
    for _ in range(WARM_UP):
        call()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        call()
        taken.append(time.perf_counter() - started)
    ms = np.asarray(taken) * 1000
    return Timing(
        float(np.quantile(ms, 0.5)), float(np.quantile(ms, 0.99)), len(ms) / (ms.sum() / 1000), len(ms)
    )
