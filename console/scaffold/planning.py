"""From the columns of a file to the plan of a declaration."""

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bikecast.errors import InputError
from console.scaffold.columns import Found, describe, is_identity, moments_of, numbers_of
from console.scaffold.declaration import Plan, TaskName
from console.scaffold.grouping import grouping_of

if TYPE_CHECKING:
    import pandas as pd

MAX_CLASSES = 60
FEWEST_NUMBERS = 15  # a target of fewer different numbers is taken for classes
FEWEST_OF_CLASS = 40  # some are held out, and each fold must see a few
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person says of their file; what is None is told by the values."""

    name: str = field(kw_only=False)
    target: str = field(kw_only=False)
    task: TaskName | None = None
    time: str | None = None
    key: tuple[str, ...] = ()
    time_format: str | None = None


def plan_of(rows: "pd.DataFrame", said: Said) -> Plan:
    """Tell what a declaration says, from all rows of a file.

    Raises:
        InputError: A column that is named does not exist or cannot be what it is named for.
    """
    _check_columns(rows, said)
    found = {str(column): _dated(describe(rows[column], said.time_format)) for column in rows.columns}
    _check_time_format(found.values(), said.time_format)
    target = found.pop(said.target)
    identities = tuple(each.name for each in found.values() if is_identity(each, rows=len(rows)))
    texts = {*identities, *(name for name in said.key if found[name].kind != "moment")}
    columns = [
        replace(each, kind="text", why="") if each.name in texts else _useful(each) for each in found.values()
    ]
    inputs = tuple(each for each in columns if each.kind)
    task, time = _task(target, said.task), _time(inputs, said.time)
    classes, rare = _classes(rows[said.target], target) if task == "classification" else ((), "")
    return Plan(
        name=said.name,
        target=target,
        task=task,
        inputs=inputs,
        left_out=tuple(each for each in columns if not each.kind),
        key=said.key or identities[:1] or _key(rows, inputs, time),
        time=time,
        days=_days(rows, time),
        rows=len(rows),
        rare=rare,
        classes=classes,
        grouping=grouping_of(rows, inputs, _target(rows[said.target], target, task)),
    )


def check_name(name: str) -> None:
    """Refuse a use case's name that no package can have.

    Raises:
        InputError: It is malformed.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise InputError(f"name: lower case with underscores, and no keyword of Python (got {name!r})")


def _check_columns(rows: "pd.DataFrame", said: Said) -> None:
    for named in (*said.key, *([said.time] if said.time else [])):
        if named not in rows.columns or named == said.target:
            others = ", ".join(str(name) for name in rows.columns if name != said.target)
            raise InputError(f"there is no input {named!r}; there are {others}")


def _useful(found: Found) -> Found:
    if found.kind and found.distinct < 2 and not found.optional:
        return replace(found, kind="", why="it is the same in every row")
    return found


def _key(rows: "pd.DataFrame", inputs: Sequence[Found], time: Found | None) -> tuple[str, ...]:
    """Return the time, alone or with one category, if that tells rows apart."""
    if time is None:
        return ()
    others = [found.name for found in inputs if found.kind == "category" and not found.optional]
    tried = [(time.name,), *((time.name, other) for other in others)]
    return next((names for names in tried if not rows.duplicated(list(names)).any()), ())


def _dated(found: Found) -> Found:
    if len(found.formats) > 1:
        fit = " or ".join(found.formats)
        raise InputError(f"the dates of {found.name!r} may be {fit}: say which with --time-format")
    return found


def _check_time_format(found: Iterable[Found], time_format: str | None) -> None:
    if time_format is None or any(time_format in each.formats for each in found):
        return
    dates = ", ".join(f"{each.name!r} is written {each.formats[0]}" for each in found if each.formats)
    raise InputError(
        f"--time-format {time_format}: no column has such dates in every row; {dates or 'none has dates'}"
    )


def _task(target: Found, asked: TaskName | None) -> TaskName:
    numeric = target.kind == "number"
    if asked == "regression" and not numeric:
        raise InputError(f"target {target.name!r}: not every value is a number")
    if asked is None:
        asked = "regression" if numeric and target.distinct > FEWEST_NUMBERS else "classification"
    if asked == "classification" and not 2 <= target.distinct <= MAX_CLASSES:
        many = f"{target.distinct} different values; classes are 2 to {MAX_CLASSES}"
        raise InputError(f"target {target.name!r}: {many}")
    return asked


def _time(inputs: Sequence[Found], asked: str | None) -> Found | None:
    moments = {found.name: found for found in inputs if found.kind == "moment"}
    if asked is None:
        return next((found for found in moments.values() if not found.optional), None)
    if asked not in moments:
        raise InputError(f"--time {asked}: not every value is a date or a time that can be read")
    if moments[asked].optional:
        raise InputError(f"--time {asked}: some rows have none")
    return moments[asked]


def _classes(column: "pd.Series[str]", target: Found) -> tuple[tuple[str, ...], str]:
    from bikecast.use_case.inputs import level_text

    values = column.dropna().astype(str).str.strip()
    counts = values[values != ""].map(lambda text: level_text(text, ())).value_counts()
    classes = sorted(counts.index, key=float) if target.kind == "number" else sorted(counts.index)
    rare = [name for name in classes if counts[name] < FEWEST_OF_CLASS]
    if rare:
        told = ", ".join(f"{name} ({counts[name]})" for name in rare)
        raise InputError(
            f"target {target.name!r}: too few rows of the classes {told} to learn from and to judge; "
            f"{FEWEST_OF_CLASS} of each are needed: leave these rows out, or give them another class"
            + (", or name --task regression" if target.kind == "number" else "")
        )
    return tuple(classes), str(counts.index[-1])


def _days(rows: "pd.DataFrame", time: Found | None) -> int:
    if time is None:
        return 0
    moments = moments_of(time, rows[time.name])
    return int((moments.max() - moments.min()).days) + 1


def _target(column: "pd.Series[str]", target: Found, task: TaskName) -> "pd.Series[Any]":
    if task == "regression":
        return numbers_of(target, column)
    texts = column.astype(str).str.strip()
    return texts.where(column.notna() & (texts != ""))
