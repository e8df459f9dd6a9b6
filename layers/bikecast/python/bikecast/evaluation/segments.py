"""Segments: the named parts of the rows on which models are compared."""

from collections.abc import Sequence

import numpy as np

from bikecast.arrays import Mask
from bikecast.errors import DataError
from bikecast.evaluation.sample import Sample
from bikecast.task import Segment


def masks(segments: Sequence[Segment], sample: Sample) -> dict[str, Mask]:
    """Return every declared segment that has rows, and every month where rows have a time, by name.

    Raises:
        DataError: A segment does not tell of each row whether it belongs to it.
    """
    found = {segment.name: _checked(segment, sample) for segment in segments}
    if sample.time is not None:
        months = sample.time.astype("datetime64[M]")
        found |= {f"month {month}": months == month for month in np.unique(months)}
    return {name: rows for name, rows in found.items() if rows.any()}


def _checked(segment: Segment, sample: Sample) -> Mask:
    rows = segment.rows(sample.columns)
    if rows.dtype != np.bool_ or rows.shape != sample.target.shape:
        raise DataError(
            f"segment {segment.name}: must give true or false for each of {len(sample)} rows, "
            f"but gave {rows.dtype} of shape {rows.shape}"
        )
    return rows
