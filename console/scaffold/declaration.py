"""The text of a first declaration: what the columns of a file tell, to be read and corrected by a person."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from console.scaffold.columns import Found
from console.scaffold.grouping import Grouping, GroupKey
from console.scaffold.layout import Group, call, named, quoted, statement, tuple_of

HELD_OUT = 0.15
WINDOW_ROWS = 120  # a window of fewer than 100 cannot be judged
FEWEST_ROWS_A_MONTH, DAYS_A_MONTH = 100, 30.4  # a partition of fewer rows costs more than it saves
FEWEST_IN_FOLD = 70  # prediction sets and intervals are learnt from one fold
TaskName = Literal["regression", "classification"]


@dataclass(frozen=True)
class Plan:
    """What a declaration is written from.

    Attributes:
        name: Of the use case.
        target: The column to predict.
        task: A number, or one of its levels.
        inputs: All other columns that are used.
        left_out: Columns that are not used.
        key: Inputs that name a row.
        time: The input that orders rows in time, if any.
        days: From the first row's day to the last one's.
        rows: Rows of the file.
        grouping: What a baseline groups rows by, and inputs that tell the target all by themselves.
        rare: The rarest class.
        classes: All classes, in order.
    """

    name: str
    target: Found
    task: TaskName
    inputs: tuple[Found, ...]
    left_out: tuple[Found, ...]
    key: tuple[str, ...]
    time: Found | None
    days: int
    rows: int
    grouping: Grouping
    rare: str = ""
    classes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The use case's name as words."""
        return self.name.replace("_", " ")


def written(plan: Plan) -> str:
    """Return the text of ``use_case.py``."""
    reader = _reader(plan)
    parts = [
        f'"""{_meaning(plan.target.name)} of {plan.words}: the declaration."""',
        _imports(plan, reads=bool(reader)),
        "# Ranges are those of the file, widened: correct them to what is possible, and say the units.",
        *_left_out(plan),
        statement("INPUTS", tuple_of(_input(found, plan.key) for found in plan.inputs)),
        *([f"CLASSES = {_levels(plan.classes)}"] if plan.classes else []),
        *([f"\n{reader}\n"] if reader else []),
        statement("USE_CASE", _use_case(plan, reads=bool(reader))),
    ]
    return "\n".join([parts[0], "", parts[1], "", *parts[2:]]).replace("\n\n\n\n", "\n\n\n") + "\n"


def _imports(plan: Plan, *, reads: bool) -> str:
    after, baselines, metrics, split = _chosen(plan)
    lines = [
        *(["from typing import TYPE_CHECKING", ""] if reads else []),
        "from bikecast import use_case as uc",
        f"from bikecast.evaluation.after_model import {', '.join(after)}",
        f"from bikecast.evaluation.baselines import {', '.join(baselines)}",
        f"from bikecast.evaluation.metrics import {', '.join(metrics)}",
        f"from bikecast.evaluation.splits import {split}",
        *(["", "if TYPE_CHECKING:", "    import pandas as pd"] if reads else []),
    ]
    return "\n".join(lines)


def _chosen(plan: Plan) -> tuple[list[str], list[str], list[str], str]:
    """Return the names that are imported: what follows the model, baselines, metrics, split."""
    keys = sorted({f"{key.of}_of" for key in plan.grouping.keys if key.of})
    if plan.task == "regression":
        after = ["PREDICTION", "ConformalInterval"]
        return after, ["GroupMedian", *keys], ["MAE", "R2", "RMSE"], _split_name(plan)
    two = len(plan.classes) == 2
    metrics = ["ACCURACY", "LOG_LOSS", "f1" if two else "f1_weighted"]
    shares = ["ClassShares"] if plan.grouping.keys else []
    baselines = [*(["AlwaysClass"] if two else []), *shares, "MostFrequentClass", *keys]
    return ["ClassDecision"], baselines, metrics, _split_name(plan)


def _split_name(plan: Plan) -> str:
    if plan.time is not None:
        return "LastDays"
    return "Drawn" if plan.task == "regression" else "Stratified"


def _left_out(plan: Plan) -> list[str]:
    return [f"# Left out: {found.name} ({found.why})." for found in plan.left_out]


def _input(found: Found, key: Sequence[str]) -> Group:
    meaning = _meaning(found.name)
    optional = [named("optional", "True")] if found.optional or found.kind == "text" else []
    watched = [named("watched", "False")] if found.kind == "text" or found.name in key else []
    return call("uc.Input", quoted(found.name), quoted(meaning), _kind(found), *optional, *watched)


def _kind(found: Found) -> str | Group:
    match found.kind:
        case "number":
            whole = [named("integer", "True")] if found.integer else []
            return call("uc.Number", f"{found.low:.12g}", f"{found.high:.12g}", *whole)
        case "category":
            return call("uc.Category", tuple_of(map(quoted, found.levels)))
        case "moment":
            return call("uc.Moment") if found.clock else call("uc.Moment", named("clock", "False"))
        case _:
            return call("uc.Text")


def _meaning(name: str) -> str:
    words = " ".join(name.replace("_", " ").replace(".", " ").split())
    return words[:1].upper() + words[1:]


def _levels(levels: Sequence[str]) -> str:
    return statement("x", tuple_of(map(quoted, levels))).removeprefix("x = ")


def _use_case(plan: Plan, *, reads: bool) -> Group:
    parts: dict[str, str | Group] = {
        "name": quoted(plan.name),
        "title": quoted(_meaning(plan.target.name)),
        "row": tuple_of([quoted("row"), quoted("rows")]),
        "model_name": quoted(plan.name.replace("_", "-") + "-model"),
        "task": _task(plan),
        "inputs": "INPUTS",
        "examples": _examples(plan, reads=reads),
        "features": "uc.features_of(INPUTS)",
        "split": _split(plan),
        "metrics": tuple_of(_metrics(plan)),
        "baselines": tuple_of(_baselines(plan)),
        "after_model": _after(plan),
        "monitoring": call("uc.Monitoring", _window(plan)),
    }
    return call("uc.UseCase", *(named(name, value) for name, value in parts.items()))


def _after(plan: Plan) -> Group:
    if plan.task == "classification":
        return call("ClassDecision", named("coverage", "0.9"))
    # Errors mostly grow with the number: one width for all is too wide for small ones.
    return call("ConformalInterval", named("coverage", "0.9"), named("by", "PREDICTION"))


def _task(plan: Plan) -> Group:
    target = quoted(plan.target.name)
    if plan.task == "regression":
        bounds = [f"{plan.target.low:.12g}", f"{plan.target.high:.12g}"]
        return call("uc.Regression", target, quoted(""), *bounds)
    positive = [named("positive", quoted(plan.rare))] if len(plan.classes) == 2 else []
    return call("uc.Classification", target, "CLASSES", *positive)


def _examples(plan: Plan, *, reads: bool) -> Group:
    key = named("key", tuple_of(map(quoted, plan.key)))
    time = named("time", quoted(plan.time.name) if plan.time else "None")
    by_month = plan.time and plan.rows / max(plan.days / DAYS_A_MONTH, 1) >= FEWEST_ROWS_A_MONTH
    partition = named("partition", quoted("month" if by_month else "all"))
    return call("uc.Examples", key, time, partition, *([named("read", "read")] if reads else []))


def _split(plan: Plan) -> Group:
    if plan.time is not None:
        part = max(1, round(HELD_OUT * plan.days))
        return call("LastDays", named("validation_days", str(part)), named("holdout_days", str(part)))
    classes = [named("classes", "CLASSES")] if plan.classes else []
    folds = max(2, min(5, int(plan.rows * (1 - HELD_OUT)) // FEWEST_IN_FOLD))
    few = [named("n_folds", str(folds))] if folds < 5 else []
    return call(_split_name(plan), named("holdout", str(HELD_OUT)), named("seed", "42"), *few, *classes)


def _metrics(plan: Plan) -> list[str | Group]:
    if plan.task == "regression":
        return ["MAE", "RMSE", "R2"]
    if len(plan.classes) == 2:
        label = named("label", quoted(plan.rare))
        return [call("f1", f"CLASSES.index({quoted(plan.rare)})", label), "ACCURACY", "LOG_LOSS"]
    return ["f1_weighted(len(CLASSES))", "ACCURACY", "LOG_LOSS"]


def _baselines(plan: Plan) -> list[str | Group]:
    groups = tuple_of([_key(key) for key in plan.grouping.keys])
    if plan.task == "regression":
        name = "median_of_group" if plan.grouping.keys else "median"
        return [call("GroupMedian", groups, named("name", quoted(name)))]
    always = [call("AlwaysClass", quoted(plan.rare))] if len(plan.classes) == 2 else []
    shares = call("ClassShares", groups, named("name", quoted("shares_of_group")))
    return [*always, "MostFrequentClass()", *([shares] if plan.grouping.keys else [])]


def _key(key: GroupKey) -> str | Group:
    if not key.of:
        return quoted(key.name)
    edges = [tuple_of(f"{edge:.12g}" for edge in key.edges)] if key.edges else []
    return call(f"{key.of}_of", quoted(key.name), *edges)


def _window(plan: Plan) -> str | Group:
    if plan.time is None:
        return named("window_rows", str(min(300, max(WINDOW_ROWS, plan.rows // 20))))
    days = math.ceil(WINDOW_ROWS * plan.days / plan.rows)
    return named("window_days", "1" if plan.rows >= 200 * plan.days else str(max(7, days)))


def _reader(plan: Plan) -> str:
    """Return a reader where the file writes dates, numbers or missing values in a way of its own."""
    used = (*plan.inputs, plan.target)
    times = [found for found in used if found.formats and found.formats[0] != "ISO8601"]
    marked = [found for found in used if found.marks]
    swapped = [found for found in used if found.swaps]
    if not times and not marked and not swapped:
        return ""
    lines = [
        'def read(raw: "pd.DataFrame") -> "pd.DataFrame":',
        '    """Take the declared columns, with times and missing values as the contract writes them."""',
        *(["    import pandas as pd", ""] if times else []),
        f"    frame = raw.filter(items=[*(item.name for item in INPUTS), {quoted(plan.target.name)}])",
        *(f"    frame[{quoted(found.name)}] = {_without_marks(found)}" for found in marked),
        *(f"    frame[{quoted(found.name)}] = {_swapped(found)}" for found in swapped),
        *(line for found in times for line in _time(found)),
        "    return frame",
    ]
    return "\n".join(["", *lines, ""])


def _without_marks(found: Found) -> str:
    marks = "[" + ", ".join(map(quoted, found.marks)) + "]"
    column = f"frame[{quoted(found.name)}]"
    return f"{column}.mask({column}.astype(str).str.strip().isin({marks}))"


def _swapped(found: Found) -> str:
    swaps = (f".str.replace({quoted(old)}, {quoted(new)}, regex=False)" for old, new in found.swaps)
    return f"frame[{quoted(found.name)}]{''.join(swaps)}"


def _time(found: Found) -> list[str]:
    name = quoted(found.name)
    if found.formats[0] == "offset":
        times = f'    times = pd.to_datetime(frame[{name}], format="ISO8601", errors="coerce", utc=True)'
        return [times, f"    frame[{name}] = times.dt.tz_localize(None)  # in UTC"]
    pattern = f"format={quoted(found.formats[0])}"
    return [f'    frame[{name}] = pd.to_datetime(frame[{name}], {pattern}, errors="coerce")']
