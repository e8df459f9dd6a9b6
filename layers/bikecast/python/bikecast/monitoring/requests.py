"""Requests to the monitor."""

import datetime as dt
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bikecast.monitoring.windows import Source, Window, parse_every, windows_between


class MonitorRequest(BaseModel):
    """Input of the monitor; nothing given, it judges the last complete week that has data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_start: dt.datetime | None = Field(None, description="Midnight, wall time of the data.")
    window_end: dt.datetime | None = Field(None, description="Midnight after the last day.")
    source: Source | None = Field(None, description="By default the log, if it has the window.")
    window_rows: int | None = Field(
        None, ge=1, description="Judge the newest rows, where rows have no time; days are named instead."
    )
    every: str | None = Field(None, description="Judge each window of this length in between, such as 1w.")
    html: bool = Field(True, description="Let Evidently draw a page of each window; else only its numbers.")
    act: bool = Field(True, description="Open incidents and pause, for windows of the newest weeks of data.")
    retrain_trials: int | None = Field(
        None,
        ge=1,
        description="Tuning trials of a requested retraining; the default of a training if absent.",
    )

    @model_validator(mode="after")
    def _both_edges_or_none(self) -> Self:
        if (self.window_start is None) != (self.window_end is None):
            raise ValueError("give both `window_start` and `window_end`, or none")
        if self.every is not None and self.window_start is None:
            raise ValueError("`every` needs `window_start` and `window_end`")
        return self

    def retraining(self, use_case: str) -> dict[str, Any]:
        """Return the input of a retraining to start; the retrain request has defaults for the rest."""
        trials = {} if self.retrain_trials is None else {"n_trials": self.retrain_trials}
        return {"use_case": use_case, **trials}

    def windows(self) -> list[Window] | None:
        """Return the windows to judge, in order; None if the monitor shall choose."""
        if self.window_start is None or self.window_end is None:
            return None
        if self.every is None:
            return [Window(self.window_start, self.window_end)]
        return list(windows_between(self.window_start, self.window_end, days=parse_every(self.every)))
