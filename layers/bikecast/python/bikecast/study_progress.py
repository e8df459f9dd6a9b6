"""Progress of a tuning study: written by its workers after each trial, read by whoever follows it."""

import datetime as dt

from pydantic import BaseModel, ConfigDict


class StudyProgress(BaseModel):
    """Trials by what became of them; ``best_value`` is the cross-validated error, called ``metric``.

    ``n_trials_done`` counts the judged ones, ``n_pruned`` of which were stopped early; ``n_retried`` are
    those whose worker died and that another one took up. Instants are aware UTC.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    study: str
    n_trials: int
    n_trials_done: int
    n_pruned: int
    n_retried: int
    n_running: int
    best_value: float | None = None
    best_family: str | None = None
    metric: str = "RMSE"
    started_at: dt.datetime | None = None
    updated_at: dt.datetime

    @property
    def sentence(self) -> str:
        """The progress in one line."""
        done, requested = self.n_trials_done, self.n_trials
        parts = [
            f"{done} trials ({requested} requested)" if done > requested else f"{done} of {requested} trials"
        ]
        if self.n_pruned:
            parts.append(f"{self.n_pruned} stopped early")
        if self.n_retried:
            parts.append(f"{self.n_retried} failed and tried again")
        if self.best_value is not None:
            parts.append(f"best {self.metric} {_number(self.best_value)} by {self.best_family}")
        return ", ".join(parts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
