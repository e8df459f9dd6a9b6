"""Timing a call: warm up, repeat for a while, report."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

WARM_UP = 20


@dataclass(frozen=True)
class Timing:
    """Latency of one call after the other, in milliseconds, and what that gives a second.

    ``after_ms`` is the median of what followed each answer; it counts for the rate, not for the latency.
    """

    p50_ms: float
    p99_ms: float
    per_s: float
    n: int
    after_ms: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Return the fields."""
        return asdict(self)


def timed(
    call: Callable[[], object], *, seconds: float, after: Callable[[], object] = lambda: None
) -> Timing:
    """Call for about ``seconds``, each time followed by what comes ``after`` the answer."""
    for _ in range(WARM_UP):
        call()
        after()
    taken: list[float] = []
    rest: list[float] = []
    begun = time.perf_counter()
    while (started := time.perf_counter()) < begun + seconds:
        call()
        answered = time.perf_counter()
        after()
        taken.append(answered - started)
        rest.append(time.perf_counter() - answered)
    lasted_s = time.perf_counter() - begun
    p50, p99 = (np.quantile(taken, [0.5, 0.99]) * 1000).tolist()
    return Timing(p50, p99, len(taken) / lasted_s, len(taken), float(np.median(rest)) * 1000)
