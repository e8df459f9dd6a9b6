"""The declaration of a use case: what is predicted, from what, how it is judged, how people ask for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.task import Segment, Task
from bikecast.use_case.derived import example_of
from bikecast.use_case.inputs import Features, Input, Moment

if TYPE_CHECKING:
    import pandas as pd
    from fastapi import FastAPI

    from bikecast.evaluation.after_model import AfterModel
    from bikecast.evaluation.baselines import Baseline
    from bikecast.evaluation.metrics import Metric
    from bikecast.evaluation.splits import Split


SEARCH = Path(__file__).with_name("search.toml")


@dataclass(frozen=True)
class Rule:
    """Rows that do not satisfy it are kept aside and counted under its name."""

    name: str
    sentence: str
    holds: "Callable[[pd.DataFrame], pd.Series[bool]]"


@dataclass(frozen=True)
class Examples:
    """The rows that a model learns from and is judged on, and the files that they come in.

    Attributes:
        key: Inputs that identify a row. Where there are none, or a row lacks one, the whole row does.
        time: The input that orders rows in time, or None.
        partition: ``month`` of the time, or ``all`` where rows have no time.
        recognises: Tells by a file's header (its column names) whether ``read`` takes it; without, a file is
            recognised by the names of the target and of the inputs that are not optional.
        read: Turns a frame as published (text where the file is text) into one of inputs and target, as far
            as the file holds them, row by row: it keeps the index, refuses nothing and converts no type that
            the inputs declare. Columns beyond these are seen by the rules and stored nowhere. Without, the
            declared columns are taken by their names.
        rules: In the order in which they are tried; a row counts under the first that it breaks.
    """

    key: tuple[str, ...]
    time: str | None
    partition: str
    recognises: Callable[[Sequence[str]], bool] | None = None
    read: "Callable[[pd.DataFrame], pd.DataFrame] | None" = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Shift:
    """A change of the world that the monitor's self-test injects and must find.

    ``apply`` takes a frame of inputs and target and returns a changed copy; ``found_within`` is the largest
    number of windows that finding it may take.
    """

    name: str
    sentence: str
    apply: "Callable[[pd.DataFrame, int], pd.DataFrame]"
    found_within: int = 2


@dataclass(frozen=True)
class Monitoring:
    """What is watched: windows of days, or of the newest rows where rows have no time.

    ``important`` names inputs of which a severe shift, in two of three windows, pauses promotion and lets the
    previous champion or the baseline answer until a person resumes.
    """

    window_days: int | None = None
    window_rows: int | None = None
    important: tuple[str, ...] = ()
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Api:
    """What the prediction API shows beside what follows from the inputs.

    ``examples`` are rows as clients send them; without, one is made of the inputs' ranges and levels.
    ``add_routes`` adds a predecessor's paths and bodies, before the platform adds its own; it gets the
    application, the prediction service (``bikecast.serving.web.row_bodies.Predicts``) and the use case.
    """

    examples: tuple[dict[str, Any], ...] = ()
    add_routes: "Callable[[FastAPI, Any, UseCase], None] | None" = None


@dataclass(frozen=True, kw_only=True)
class UseCase:
    """One use case.

    Attributes:
        name: Lower case with underscores; in keys, tables, metrics and events.
        title: What people read, a clause without a full stop.
        row: What one row is called, singular and plural.
        model_name: In the registry.
        metrics: The first is the primary one.
        search: The file of families, spaces and starts; without, the platform's.
        improvement: Relative fall of the primary metric's error that promotes, where a request names none.
        simulate: Writes labelled simulated files with the real schema and quirks into a folder; without, only
            real files can be loaded.
    """

    name: str
    title: str
    row: tuple[str, str]
    model_name: str
    task: Task
    inputs: tuple[Input, ...]
    examples: Examples
    features: Features
    split: "Split"
    metrics: "tuple[Metric, ...]"
    baselines: "tuple[Baseline, ...]"
    after_model: "AfterModel"
    monitoring: Monitoring
    search: Path = SEARCH
    api: Api = field(default=Api())
    simulate: Callable[[Path], None] | None = None
    segments: tuple[Segment, ...] = ()
    improvement: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a declaration that names what it does not declare."""
        inputs = {item.name: item for item in self.inputs}
        private = sorted(name for name in inputs if name.startswith("_"))
        if private:
            raise ValueError(f"use case {self.name}: inputs may not begin with _ ({', '.join(private)})")
        if self.metrics and self.metrics[0].report_only:
            first = self.metrics[0].name
            raise ValueError(f"use case {self.name}: {first}, the first metric, decides nothing")
        absent = sorted({*self.examples.key, *self.monitoring.important} - {*inputs})
        if absent:
            raise ValueError(f"use case {self.name}: {', '.join(absent)} must be declared as inputs")
        time = self.examples.time
        if time is not None and not _is_time(inputs.get(time)):
            raise ValueError(f"use case {self.name}: the time {time} must be a required input of kind Moment")
        if self.examples.partition == "month" and time is None:
            raise ValueError(f"use case {self.name}: partition `month` needs the time of a row")

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that each file must give: inputs that are not optional, and the target."""
        return (*(item.name for item in self.inputs if not item.optional), self.task.target)

    @property
    def example_rows(self) -> tuple[dict[str, Any], ...]:
        """At least one row as clients send it."""
        return self.api.examples or (example_of(self.inputs),)

    def recognises(self, names: Sequence[str]) -> bool:
        """Tell by its column names whether a file is one of this use case."""
        own = self.examples.recognises
        return set(names) >= set(self.required) if own is None else own(names)

    def read(self, raw: "pd.DataFrame") -> "pd.DataFrame":
        """Return a frame as published as one of inputs and target; see ``Examples.read``."""
        if self.examples.read is not None:
            return self.examples.read(raw)
        names = [*(item.name for item in self.inputs), self.task.target]
        return raw[[name for name in names if name in raw]]

    def input(self, name: str) -> Input:
        """Return an input by name; ``KeyError`` if it is not declared."""
        return {item.name: item for item in self.inputs}[name]


def _is_time(declared: Input | None) -> bool:
    return declared is not None and isinstance(declared.kind, Moment) and not declared.optional
