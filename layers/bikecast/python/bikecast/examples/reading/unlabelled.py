"""Rows of a file that are to be predicted: judged as loading judges them, but their truth may be missing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from bikecast.examples.contract import declared_columns
from bikecast.examples.reading.files import members
from bikecast.examples.reading.judging import judge_file
from bikecast.examples.values import absent, typed
from bikecast.use_case import Regression, UseCase


@dataclass(frozen=True)
class Unlabelled:
    """Inputs and, where it is known, the truth; and how many rows are left out, by reason."""

    rows: pd.DataFrame
    refused: Mapping[str, int]


def read_unlabelled(path: Path, use_case: UseCase) -> Unlabelled:
    """Read a file as published, text or parquet, plain, gzipped or zipped.

    Raises:
        InputError: The file as a whole cannot be read; the message says what to do.
    """
    frames, refused = list[pd.DataFrame](), Counter[str]()
    with TemporaryDirectory() as work:
        for member in members(path, path.name, Path(work)):
            reader = _Reader(use_case, [])
            judged, report = judge_file(member.path, member.name, reader.declaration())
            refused.update(report.refused)
            kept = [frame for found in judged.kept.values() for frame in found]
            frames += [reader.without_stand_ins(pd.concat(kept).sort_index())] if kept else []
    names = [item.name for item in declared_columns(use_case)]
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=names)
    return Unlabelled(rows, dict(refused.most_common()))


@dataclass(frozen=True)
class _Reader:
    """A use case's reader that lets an allowed value stand for a missing truth, and remembers where."""

    use_case: UseCase
    lines: list[int]

    def declaration(self) -> UseCase:
        """Return the use case with this reader in place of its own."""
        own = self.use_case.examples
        recognises = own.recognises or self._recognises
        return replace(self.use_case, examples=replace(own, recognises=recognises, read=self._read))

    def without_stand_ins(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the truth missing again."""
        truth = self._truth
        unknown = absent(truth, len(rows))
        values = np.where(rows.index.isin(self.lines), unknown, rows[truth.name].to_numpy())
        return rows.assign(**{truth.name: values})

    @property
    def _truth(self) -> Any:
        return declared_columns(self.use_case)[-1]

    def _recognises(self, names: Any) -> bool:
        return set(names) >= {*self.use_case.required} - {self._truth.name}

    def _read(self, raw: pd.DataFrame) -> pd.DataFrame:
        frame, truth, task = self.use_case.read(raw), self._truth, self.use_case.task
        given = frame.get(truth.name, pd.Series(absent(truth, len(frame)), index=frame.index))
        found = typed(given, truth)
        missing = np.asarray(pd.isna(found.values)) & ~found.unreadable
        self.lines.extend(frame.index[missing].tolist())
        allowed = task.low if isinstance(task, Regression) else task.classes[0]
        return frame.assign(**{truth.name: given.astype(object).mask(missing, allowed)})
