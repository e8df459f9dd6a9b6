"""The run as a table, and what of it must not have been."""

import numpy as np

from benchmarks.load.faults import Course
from benchmarks.load.fire import Fire
from benchmarks.load.ledger import Stored


def table(fire: Fire, stored: Stored, course: Course) -> str:
    """Return what was asked, who answered, what happened and what is stored."""
    n = sum(fire.statuses.values())
    p50, p99 = np.quantile(fire.latencies_s, [0.5, 0.99]) * 1000
    facts = {
        "requests": f"{n} in {fire.lasted_s:.0f} s, {n / fire.lasted_s:.0f} a second",
        "latency": f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        "by status": _shown(fire.statuses),
        "predictions by source": _shown(fire.sources),
        "predictions by version": _shown(fire.versions),
        "wrong answers": fire.n_wrong,
        "happened": _shown(course.happened),
        "rows in Postgres": f"{stored.accepted - stored.missing} of {stored.accepted} accepted",
        "rows that differ": stored.different,
        "messages sent again": _shown(stored.sent_again),
    }
    return "\n".join([*(f"{name:24}{value}" for name, value in facts.items()), *course.log, *fire.examples])


def violations(fire: Fire, stored: Stored, course: Course) -> list[str]:
    """Return what was promised and did not hold, each in a sentence."""
    refused = sum(fire.statuses.values()) - fire.statuses["200"]
    checks = {
        f"{fire.n_wrong} answers were wrong": fire.n_wrong,
        f"{refused} requests were not answered": refused,
        f"{stored.missing} accepted predictions are not in Postgres": stored.missing,
        f"{stored.different} rows name another model than the answer": stored.different,
        "only one version ever answered": len(fire.versions) < 2,
        "no version was promoted": not course.happened["promotion"],
        "no previous champion ever stood in": not fire.sources["previous_champion"],
    }
    return [sentence for sentence, broken in checks.items() if broken]


def _shown(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
