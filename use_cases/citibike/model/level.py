"""The calibrated level: how far recent demand lies above or below what the stateless model says.

One year of data cannot teach a trend, so every stateless model drifts from the level of the next
quarter. The history keeps the daily totals of actual and predicted trips; the factor is the ratio
of their exponentially weighted sums, read at a stated age, so that it only uses days that are
known at the horizon which the forecast is asked for.
"""

import datetime as dt
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bikecast.arrays import Array, Hours, Ints, Mask
from bikecast.errors import DataError

HISTORY_DAYS = 500
RECENT_HALF_LIFE_DAYS = 1.0


class LevelState(BaseModel):
    """Daily totals and the rule that turns them into a factor; empty, the factor is 1.

    ``prior_days`` is the weight of the belief that the factor is 1, in average days; it keeps a
    young history from swinging. ``lowest`` and ``highest`` bound what a broken feed could do.
    ``persistence`` is the correlation of one day's error with the next one's that the slow ratio does not
    follow: raised to the age of the last known days, it is how much of the factor they alone decide.
    """

    # Part of the champion manifest: a field that newer code added stays in it.
    model_config = ConfigDict(frozen=True, extra="allow")

    half_life_days: float = Field(14.0, gt=0)
    horizon_hours: int = Field(168, ge=0)
    prior_days: float = Field(0.5, ge=0)
    persistence: float = Field(0.0, ge=0, lt=1)
    lowest: float = Field(0.5, gt=0)
    highest: float = Field(2.0, gt=0)
    days: tuple[dt.date, ...] = ()
    actual: tuple[float, ...] = ()
    predicted: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _history_is_sound(self) -> Self:
        if not len(self.days) == len(self.actual) == len(self.predicted):
            raise ValueError("`days`, `actual` and `predicted` must have the same length")
        if list(self.days) != sorted(set(self.days)):
            raise ValueError("`days` must ascend without repetition")
        if not np.isfinite([*self.actual, *self.predicted]).all():
            raise ValueError("`actual` and `predicted` must be finite")
        return self

    @property
    def as_of(self) -> dt.date | None:
        """The last day whose actual demand is in the history."""
        return self.days[-1] if self.days else None

    def factors(self, hours: Hours, *, known_until: dt.date | None = None) -> Array:
        """Return the factor for each hour, from days that ended ``horizon_hours`` before its day began.

        Args:
            hours: Naive New York wall time; shape (n,).
            known_until: Use no day after this one, whatever the history holds.
        """
        if not self.days or hours.size == 0:
            return np.ones(hours.shape)
        days, day_of_hour = np.unique(hours.astype("datetime64[D]"), return_inverse=True)
        age_days = (days[:, None] - np.asarray(self.days, "datetime64[D]")[None, :]).astype(np.int64)
        usable = age_days * 24 >= self.horizon_hours + 24
        if known_until is not None:
            usable &= np.asarray(self.days, "datetime64[D]")[None, :] <= np.datetime64(known_until, "D")
        return self._ratio(age_days, usable)[day_of_hour]

    def latest_factor(self) -> float:
        """Return the factor that the farthest forecast would use now."""
        if self.as_of is None:
            return 1.0
        far = np.datetime64(self.as_of, "D") + np.timedelta64(self.horizon_hours + 24, "h")
        return float(self.factors(np.asarray([far]))[0])

    def _ratio(self, age_days: Ints, usable: Mask) -> Array:
        youngest = np.where(usable, age_days, np.iinfo(np.int64).max).min(axis=1, keepdims=True)
        younger = np.where(usable, age_days - youngest, np.inf)
        slow = self._ratio_of(0.5 ** (younger / self.half_life_days))
        recent_share = self.persistence ** youngest[:, 0].astype(np.float64)
        if not recent_share.any():
            return slow
        recent = self._ratio_of(0.5 ** (younger / RECENT_HALF_LIFE_DAYS))
        mixed: Array = slow ** (1 - recent_share) * recent**recent_share
        return mixed

    def _ratio_of(self, weights: Array) -> Array:
        prior = self.prior_days * float(np.mean(self.predicted))
        below = weights @ np.asarray(self.predicted) + prior
        above = weights @ np.asarray(self.actual) + prior
        ratio = np.divide(above, below, out=np.ones_like(below), where=below > 0)
        bounded: Array = np.clip(ratio, self.lowest, self.highest)
        return bounded

    def updated(self, hours: Hours, actual: Array, predicted: Array) -> "LevelState":
        """Return a state with the totals of these hours' days put in or replaced.

        Args:
            hours: Whole days, as far as demand is known; shape (n,).
            actual: Trips; shape (n,).
            predicted: What the stateless model says of the same hours; shape (n,).
        Raises:
            DataError: A value is not finite.
        """
        if not (np.isfinite(actual).all() and np.isfinite(predicted).all()):
            raise DataError("the level needs finite actual and predicted trips")
        days, day_of_hour = np.unique(hours.astype("datetime64[D]"), return_inverse=True)
        totals = zip(
            days.tolist(),
            np.bincount(day_of_hour, actual).tolist(),
            np.bincount(day_of_hour, predicted).tolist(),
            strict=True,
        )
        history = dict(zip(self.days, zip(self.actual, self.predicted, strict=True), strict=True))
        history |= {day: (above, below) for day, above, below in totals}
        kept = sorted(history.items())[-HISTORY_DAYS:]
        return self.model_copy(
            update={
                "days": tuple(day for day, _ in kept),
                "actual": tuple(pair[0] for _, pair in kept),
                "predicted": tuple(pair[1] for _, pair in kept),
            }
        )
