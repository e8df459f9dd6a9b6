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


def timed(call: Callable[[], object], *, seconds: float, after: Callable[[], object] | None = None) -> Timing:
    """Call for about ``seconds``; what comes ``after`` an answer counts for the rate, not for the latency."""
    for _ in range(WARM_UP):
        call()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    begun = time.perf_counter()
    while (started := time.perf_counter()) < end:
        call()
        taken.append(time.perf_counter() - started)
        if after is not None:
            after()
    lasted_s = time.perf_counter() - begun
    p50, p99 = (np.quantile(taken, [0.5, 0.99]) * 1000).tolist()
    return Timing(p50, p99, per_s=len(taken) / lasted_s, n=len(taken))
