"""How far a search had come at each second, and what all of that cost."""

import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
import optuna
from optuna.trial import TrialState


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Start:
    """When a search began, before its first process."""

    wall: float = field(default_factory=time.time)
    cpu: float = field(default_factory=_cpu_of_children)


@dataclass(frozen=True)
class Course:
    """Best error so far after each trial that was judged in full, with the seconds since the start."""

    seconds: list[float]
    best: list[float]
    n_pruned: int
    cpu_seconds: float

    def seconds_to(self, rmse: float) -> float:
        """Return when the error was first reached."""
        return next(s for s, b in zip(self.seconds, self.best, strict=True) if b <= rmse)


def finish(study: optuna.Study, start: Start) -> Course:
    """Return the course of a search whose processes have ended."""
    trials = study.get_trials()
    done = sorted(
        (t.datetime_complete.timestamp() - start.wall, t.value)
        for t in trials
        if t.state is TrialState.COMPLETE and t.datetime_complete is not None and t.value is not None
    )
    return Course(
        seconds=[seconds for seconds, _ in done],
        best=np.minimum.accumulate([value for _, value in done]).tolist(),
        n_pruned=sum(t.state is TrialState.PRUNED for t in trials),
        cpu_seconds=_cpu_of_children() - start.cpu,
    )


def print_table(runs: Sequence[Mapping[str, Course]], *, ours: str) -> None:
    """Print when each way reached the error that all of them reach, seed by seed and in the middle."""
    reached = [max(course.best[-1] for course in run.values()) for run in runs]
    print(f"RMSE that every way reaches, by seed: {' '.join(f'{rmse:.0f}' for rmse in reached)}")
    print("| way | s to it, by seed | median | times ours | s in all | CPU s | stopped early | best RMSE |")
    print("|---|---|---|---|---|---|---|---|")
    reference_s = median(_seconds_to(runs, ours, reached))
    for name in runs[0]:
        to_it, courses = _seconds_to(runs, name, reached), [run[name] for run in runs]
        cells = [
            name,
            " ".join(f"{seconds:.1f}" for seconds in to_it),
            f"{median(to_it):.1f}",
            f"{median(to_it) / reference_s:.1f}",
            f"{median(course.seconds[-1] for course in courses):.1f}",
            f"{median(course.cpu_seconds for course in courses):.1f}",
            f"{median(course.n_pruned for course in courses):.0f}",
            " ".join(f"{course.best[-1]:.0f}" for course in courses),
        ]
        print(f"| {' | '.join(cells)} |")


def _seconds_to(runs: Sequence[Mapping[str, Course]], name: str, reached: Sequence[float]) -> list[float]:
    return [run[name].seconds_to(rmse) for run, rmse in zip(runs, reached, strict=True)]
