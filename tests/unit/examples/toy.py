"""A small use case with a category, a number, an optional one, a moment and a key."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bikecast.arrays import Matrix
from bikecast.columns import Columns, needed
from bikecast.evaluation.after_model import Plain
from bikecast.evaluation.splits import LastShare
from bikecast.use_case import (
    Api,
    Category,
    Examples,
    Feature,
    Features,
    Input,
    Moment,
    Monitoring,
    Number,
    Regression,
    Rule,
    Text,
    UseCase,
)
from bikecast.use_case.inputs import level_codes

SIZES = ("small", "large")
HEADER = ("order", "ordered_at", "size", "weight", "floors", "minutes")


def build(columns: Columns) -> Matrix:
    """Return the size and the weight."""
    size = level_codes(needed(columns, "size"), SIZES)
    return np.column_stack([size, columns["weight"]]).astype(np.float32)


def recognises(names: Sequence[str]) -> bool:
    """Tell the toy's files."""
    return {"ordered_at", "size", "minutes"} <= set(names)


def read(raw: pd.DataFrame) -> pd.DataFrame:
    """Take the columns as they are."""
    return raw[[name for name in HEADER if name in raw]]


INPUTS = (
    Input("order", "Identity of the order.", Text(), optional=True, watched=False),
    Input("ordered_at", "When it was ordered.", Moment()),
    Input("size", "Size of the parcel.", Category(SIZES)),
    Input("weight", "Weight of the parcel.", Number(0, 100), unit="kg", optional=True),
    Input("floors", "Floors to climb.", Number(0, 20, integer=True)),
)
TOY: UseCase = UseCase(
    name="toy",
    title="Minutes until a parcel is delivered",
    row=("parcel", "parcels"),
    model_name="toy-model",
    task=Regression("minutes", "min", 0, 500, "Minutes until delivery."),
    inputs=INPUTS,
    examples=Examples(
        key=("order",),
        time="ordered_at",
        partition="month",
        recognises=recognises,
        read=read,
        rules=(
            Rule(
                "not in the warehouse", "Parcels of no minutes never left.", lambda rows: rows["minutes"] > 0
            ),
        ),
    ),
    features=Features((Feature("size", "Size.", SIZES), Feature("weight", "Weight.")), build),
    split=LastShare(),
    metrics=(),
    baselines=(),
    after_model=Plain(),
    search=Path("search.toml"),
    monitoring=Monitoring(window_days=7),
    api=Api(examples=({"ordered_at": "2024-01-02 08:00:00", "size": "small", "weight": 2.5, "floors": 3},)),
    simulate=lambda folder: None,
)


def toy(**changes: Any) -> UseCase:
    """Return the toy with other examples."""
    return replace(TOY, examples=replace(TOY.examples, **changes))


def rows(count: int, *, first: int = 0, month: str = "2024-01") -> list[tuple[str, ...]]:
    """Return rows as a file has them."""
    return [
        (
            f"o{number}",
            f"{month}-{number % 28 + 1:02d} 08:{number % 60:02d}:00",
            SIZES[number % 2],
            f"{number % 50 + 0.5}",
            f"{number % 4}",
            f"{number % 90 + 1}",
        )
        for number in range(first, first + count)
    ]


def text(lines: Sequence[Sequence[str]], *, header: Sequence[str] = HEADER) -> str:
    """Return rows as CSV."""
    return "\n".join(",".join(line) for line in [header, *lines]) + "\n"
