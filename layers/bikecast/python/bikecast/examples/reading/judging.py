"""One file judged: rows that are kept, by partition, and rows that are refused, with line and reason."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from bikecast.errors import InputError
from bikecast.examples.contract import broken, declared_columns
from bikecast.examples.keys import ALL
from bikecast.examples.reading.files import Chunk, UnknownTableError, chunks, encoding, members
from bikecast.examples.reports import FileReport
from bikecast.examples.values import absent, frame_of, typed
from bikecast.use_case import UseCase

MALFORMED = "malformed row"
REPEATED_HEADER = "repeated header"
UNREADABLE = "unreadable"
# A file of which most rows cannot be read has another format; it does not have a few bad rows.
_MOST_ROWS = 0.5
_SHOWN_LEVELS = 20


@dataclass
class Judged:
    """What one file held."""

    kept: dict[str, list[pd.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    refused: list[pd.DataFrame] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    unknown: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rows: int = 0
    unreadable: int = 0

    def report(self, name: str, encoding: str | None) -> FileReport:
        """Return the counts."""
        kept = {partition: sum(map(len, frames)) for partition, frames in sorted(self.kept.items())}
        return FileReport(
            name=name,
            encoding=encoding,
            rows=self.rows,
            kept=sum(kept.values()),
            refused=dict(self.reasons.most_common()),
            unknown_levels={
                name: dict(found.most_common(_SHOWN_LEVELS)) for name, found in self.unknown.items()
            },
            kept_by_partition=kept,
        )


def why_unreadable(path: Path, name: str, use_case: UseCase) -> str | None:
    """Return why a file cannot be read at all, None if the first rows of each of its tables can.

    Args:
        path: The file, plain, gzipped or zipped.
        name: What it is called.
        use_case: Whose file it should be.
    """
    try:
        with TemporaryDirectory() as work:
            for member in members(path, name, Path(work)):
                next(iter(chunks(member.path, encoding(member.path), recognises=use_case.recognises)), None)
    except UnknownTableError as err:
        return _unknown(err, use_case)
    except InputError as err:
        return str(err)
    return None


def judge_file(path: Path, name: str, use_case: UseCase) -> tuple[Judged, FileReport]:
    """Judge every row of one file.

    Args:
        path: Text or parquet.
        name: What reports and the quarantine call it.
        use_case: Whose reader, rules and contract apply, in this order.
    Raises:
        InputError: The file as a whole cannot be read; the message says what to do.
    """
    judged = Judged()
    found = encoding(path)
    try:
        for chunk in chunks(path, found, recognises=use_case.recognises):
            _judge(judged, chunk, name, use_case)
    except UnknownTableError as err:
        raise InputError(_unknown(err, use_case)) from err
    _refuse_another_format(judged)
    return judged, judged.report(name, found)


def _judge(judged: Judged, chunk: Chunk, name: str, use_case: UseCase) -> None:
    reasons: dict[int, str] = dict.fromkeys(chunk.malformed, MALFORMED)
    texts = dict(chunk.malformed) | dict.fromkeys(chunk.repeated_headers, "")
    reasons |= dict.fromkeys(chunk.repeated_headers, REPEATED_HEADER)
    _refuse(judged, name, pd.Series(reasons, dtype=object), pd.Series(texts, dtype=object))
    judged.unreadable += len(chunk.malformed)
    judged.rows += len(reasons) + len(chunk.raw)
    if len(chunk.raw):
        _judge_rows(judged, chunk.raw, name, use_case)


def _judge_rows(judged: Judged, raw: pd.DataFrame, name: str, use_case: UseCase) -> None:
    frame, why = _typed_frame(_read(raw, use_case), use_case, judged)
    judged.unreadable += int((why != None).sum())  # noqa: E711 - elementwise
    for rule in use_case.examples.rules:
        holds = np.asarray(rule.holds(frame), dtype=bool)
        why[(why == None) & ~holds] = rule.name  # noqa: E711 - elementwise
    contract = broken(frame, use_case)
    why = np.where(why == None, contract, why)  # noqa: E711 - elementwise
    good = why == None  # noqa: E711 - elementwise
    bad = raw[~good]
    _refuse(judged, name, pd.Series(why[~good], index=bad.index, dtype=object), _texts(bad))
    names = [item.name for item in declared_columns(use_case)]
    for partition, rows in _partitioned(frame.loc[good, names], use_case):
        judged.kept[partition].append(rows)


def _read(raw: pd.DataFrame, use_case: UseCase) -> pd.DataFrame:
    frame = use_case.read(raw)
    if not frame.index.equals(raw.index):
        raise TypeError(f"the reader of {use_case.name} must keep the rows and index of what it is given")
    missing = [name for name in use_case.required if name not in frame]
    if missing:
        raise InputError(f"the file gives no {', '.join(missing)}")
    return frame


def _typed_frame(
    frame: pd.DataFrame, use_case: UseCase, judged: Judged
) -> tuple[pd.DataFrame, "np.ndarray[Any, Any]"]:
    """Return the frame in the declared types, and why rows of it cannot be read."""
    why = np.full(len(frame), None, dtype=object)
    columns: dict[str, Any] = {str(name): frame[name].to_numpy() for name in frame.columns}
    for declared in declared_columns(use_case):
        if declared.name not in frame:
            columns[declared.name] = absent(declared, len(frame))
            continue
        found = typed(frame[declared.name], declared)
        columns[declared.name] = found.values
        why[found.unreadable & (why == None)] = f"{declared.name}: {UNREADABLE}"  # noqa: E711 - elementwise
        if found.unknown:
            judged.unknown[declared.name].update(found.unknown)
    return frame_of(columns, frame.index), why


def _partitioned(rows: pd.DataFrame, use_case: UseCase) -> list[tuple[str, pd.DataFrame]]:
    examples = use_case.examples
    if examples.partition == ALL or examples.time is None:
        return [(ALL, rows)] if len(rows) else []
    months = rows[examples.time].to_numpy().astype("datetime64[M]")
    return [(str(month), rows[months == month]) for month in np.unique(months)]


def _texts(raw: pd.DataFrame) -> "pd.Series[Any]":
    lines = raw.to_json(orient="records", lines=True, date_format="iso").splitlines() if len(raw) else []
    return pd.Series(lines, index=raw.index, dtype=object)


def _refuse(judged: Judged, name: str, reasons: "pd.Series[Any]", texts: "pd.Series[Any]") -> None:
    if reasons.empty:
        return
    judged.reasons.update(reasons.tolist())
    columns = {"file": name, "line": reasons.index, "reason": reasons.to_numpy(), "text": texts.to_numpy()}
    judged.refused.append(pd.DataFrame(columns))


def _refuse_another_format(judged: Judged) -> None:
    if judged.rows == 0:
        raise InputError("the file has a header and no row")
    if judged.unreadable > _MOST_ROWS * judged.rows:
        refused = pd.concat(judged.refused)
        unreadable = refused["reason"].str.endswith((MALFORMED, UNREADABLE))
        first = refused[unreadable].sort_values("line").iloc[0]
        raise InputError(
            f"{judged.unreadable} of {judged.rows} rows cannot be read, the first in line {first['line']} "
            f"({first['reason']}: {first['text']}); the file has another format: export it anew"
        )
    if not any(judged.kept.values()):
        [(reason, count)] = judged.reasons.most_common(1)
        raise InputError(f"none of its {judged.rows} rows can be kept; {count} are refused for: {reason}")


def _unknown(err: UnknownTableError, use_case: UseCase) -> str:
    lacking = [name for name in use_case.required if name not in err.columns]
    if use_case.examples.recognises is not None or not lacking:
        return f"{err}; {use_case.name} is read from columns such as {', '.join(use_case.required)}"
    return (
        f"{err}; {use_case.name} misses {', '.join(lacking)}: give the file these names, "
        "or teach the use case's reader its own"
    )
