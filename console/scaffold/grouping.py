"""Which inputs tell most of the target: a baseline groups rows by them; one may tell too much."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from console.scaffold.columns import Found, moments_of, numbers_of

if TYPE_CHECKING:
    import pandas as pd

MOST_KEYS = 2
PARTS = 10  # of a number, at most, with as many rows in each
FEWEST_IN_GROUP = 20  # on average: with fewer, a group's answer is chance
LEAST_GAIN = 0.02
# What one input tells alone before it looks like the target itself, in other words or written down later.
SUSPICIOUS_GAIN_OF_CLASSES, SUSPICIOUS_GAIN_OF_NUMBERS = 0.95, 0.88
SAMPLE_ROWS = 20_000


@dataclass(frozen=True)
class GroupKey:
    """An input, ``hour`` or ``weekday`` of one, or the part between ``edges`` in which a number lies."""

    name: str
    of: str = ""
    edges: tuple[float, ...] = ()


@dataclass(frozen=True)
class Grouping:
    """Up to two keys whose groups differ most in the target, best first, and inputs that tell it alone."""

    keys: tuple[GroupKey, ...]
    telling: tuple[str, ...]


def grouping_of(rows: "pd.DataFrame", inputs: Sequence[Found], target: "pd.Series[Any]") -> Grouping:
    """Tell by what rows are best grouped.

    Args:
        rows: As they are written.
        inputs: What may be grouped by.
        target: Numbers, or classes as texts; NaN where it is missing.
    """
    known = target.dropna()
    known = known.sample(SAMPLE_ROWS, random_state=0) if len(known) > SAMPLE_ROWS else known
    candidates = [pair for found in inputs for pair in _candidates(found, rows.loc[known.index])]
    suspicious = SUSPICIOUS_GAIN_OF_NUMBERS if known.dtype.kind == "f" else SUSPICIOUS_GAIN_OF_CLASSES
    telling = [key.name for key, values in candidates if _gain([values], known) >= suspicious]
    chosen: list[tuple[GroupKey, pd.Series[Any]]] = []
    gain = 0.0
    while candidates and len(chosen) < MOST_KEYS:
        gains = [_gain([*(values for _, values in chosen), values], known) for _, values in candidates]
        best = max(range(len(gains)), key=gains.__getitem__)
        if gains[best] < gain + LEAST_GAIN:
            break
        gain = gains[best]
        chosen.append(candidates.pop(best))
    return Grouping(tuple(key for key, _ in chosen), tuple(dict.fromkeys(telling)))


def _candidates(found: Found, rows: "pd.DataFrame") -> "Iterator[tuple[GroupKey, pd.Series[Any]]]":
    import numpy as np
    import pandas as pd

    column = rows[found.name]
    if found.kind == "category":
        yield GroupKey(found.name), column.astype(str).str.strip()
    elif found.kind == "number":
        values = numbers_of(found, column)
        n_parts = max(2, min(PARTS, len(values) // FEWEST_IN_GROUP))
        parts = values.quantile(np.arange(1, n_parts) / n_parts).dropna()
        edges = tuple(sorted({float(f"{edge:.4g}") for edge in parts}))
        if edges:
            bins = np.where(values.isna(), -1, np.searchsorted(edges, values, side="right"))
            yield GroupKey(found.name, "bin", edges), pd.Series(bins, column.index)
    elif found.kind == "moment":
        moments = moments_of(found, column)
        yield GroupKey(found.name, "weekday"), moments.dt.weekday
        if found.clock:
            yield GroupKey(found.name, "hour"), moments.dt.hour


def _gain(keys: "Sequence[pd.Series[Any]]", target: "pd.Series[Any]") -> float:
    """Return by which share an answer of each group errs less than one for all; 0 for groups too small."""
    by = [key.fillna("").astype(str).rename(f"key {number}") for number, key in enumerate(keys)]
    groups = target.rename("target").groupby(by)
    if len(target) < FEWEST_IN_GROUP * groups.ngroups:
        return 0.0
    if target.dtype.kind == "f":
        alone = float((target - target.median()).abs().mean())
        together = float((target - groups.transform("median")).abs().mean())
    else:
        alone = 1.0 - float((target.value_counts(normalize=True) ** 2).sum())
        shares = groups.value_counts() / groups.size()
        together = 1.0 - float((shares * groups.value_counts()).sum()) / len(target)
    return 1.0 - together / alone if alone > 0 else 0.0
