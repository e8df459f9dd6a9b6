"""The paired block bootstrap: blocks of rows are drawn with replacement, the same ones for both models.

Rows of a day (and of one storm) err together, so rows that have a time are drawn by blocks of whole days;
rows without a time are dealt to blocks by a seed.
Source: Kunsch, "The jackknife and the bootstrap for general stationary observations", 1989.
"""

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from bikecast.arrays import Array, Ints, Mask
from bikecast.evaluation.metrics import Metric
from bikecast.evaluation.sample import Times

MOST_ROW_BLOCKS = 1000  # bounds the memory of the draws; fewer rows are drawn one by one
MOST_CHANGE = 1000.0  # stands for a rival without any error among the drawn rows


class Change(BaseModel):
    """Relative change of a metric's error, challenger against rival, with its bounds: -0.1 is a tenth less.

    ``n_blocks`` are the blocks that hold rows; in records of before there was a choice of blocks, days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    change: float
    low: float
    high: float
    n_blocks: int = Field(validation_alias=AliasChoices("n_blocks", "n_days"))
    confidence: float


class Share(BaseModel):
    """A share of rows, with its bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float
    low: float
    high: float
    confidence: float


def day_blocks(time: Times, *, block_days: int) -> Ints:
    """Return the index of each row's block of days; blocks without rows are not counted."""
    days = time.astype("datetime64[D]")
    since_start = (days - days.min()).astype(np.int64) // block_days
    return np.unique(since_start, return_inverse=True)[1].astype(np.int64)


def row_blocks(n_rows: int, *, seed: int) -> Ints:
    """Return the index of each row's block: a row each, or rows dealt by the seed where there are many."""
    order = np.random.default_rng(seed).permutation(n_rows)
    return order.astype(np.int64) % min(n_rows, MOST_ROW_BLOCKS)


class Draws:
    """How often each block is drawn, the same for every comparison."""

    def __init__(self, block_of_row: Ints, *, n_draws: int, seed: int) -> None:
        self._block_of_row = block_of_row
        self.n_blocks = int(block_of_row.max()) + 1
        generator = np.random.default_rng(seed)
        even = np.full(self.n_blocks, 1 / self.n_blocks)
        self._counts = generator.multinomial(self.n_blocks, even, size=n_draws).astype(np.float64)

    def change(self, metric: Metric, ours: Array, theirs: Array, *, rows: Mask, confidence: float) -> Change:
        """Compare two models by the parts of their rows.

        Args:
            metric: What the parts are of; its error is compared.
            ours: Parts of the challenger, shape (n, n_parts).
            theirs: Parts of the rival.
            rows: Those that are compared.
            confidence: Of the bounds.
        """
        drawn = self._counts @ self._block_sums(rows[:, None].astype(np.float64))[:, 0] > 0
        above, below = (self._errors(metric, parts, rows) for parts in (ours, theirs))
        changes = _relative(above[1:][drawn], below[1:][drawn])  # a draw can miss a small segment
        low, high = np.quantile(changes, [(1 - confidence) / 2, (1 + confidence) / 2])
        return Change(
            change=float(_relative(above[:1], below[:1])[0]),
            low=float(low),
            high=float(high),
            n_blocks=int(np.unique(self._block_of_row[rows]).size),
            confidence=confidence,
        )

    def share(self, hits: Mask, *, confidence: float) -> Share:
        """Return the share of rows that are true."""
        sums = self._block_sums(np.column_stack([hits, np.ones(hits.size)]).astype(np.float64))
        drawn = self._counts @ sums
        low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [(1 - confidence) / 2, (1 + confidence) / 2])
        return Share(share=float(hits.mean()), low=float(low), high=float(high), confidence=confidence)

    def _errors(self, metric: Metric, parts: Array, rows: Mask) -> Array:
        """Return the error over all rows, then of each draw; NaN for a draw without rows."""
        sums = self._block_sums(np.where(rows[:, None], parts, 0.0))
        return metric.error(metric.value(np.vstack([sums.sum(axis=0), self._counts @ sums])))

    def _block_sums(self, parts: Array) -> Array:
        columns = [np.bincount(self._block_of_row, part, minlength=self.n_blocks) for part in parts.T]
        return np.column_stack(columns).astype(np.float64)


def _relative(ours: Array, theirs: Array) -> Array:
    """Return ours / theirs - 1; where theirs is zero, no change if ours is zero as well."""
    without = np.where(ours > 0, MOST_CHANGE, 0.0)
    ratio = np.divide(ours, theirs, out=np.ones_like(ours), where=theirs > 0)
    return np.where(theirs > 0, np.minimum(ratio - 1, MOST_CHANGE), without)
