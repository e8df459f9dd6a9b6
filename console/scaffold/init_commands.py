"""``init``: a first declaration from a file of one's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from bikecast.errors import InputError
from console import ui
from console.options import Json
from console.scaffold.declaration import Plan, TaskName, written
from console.scaffold.planning import Said, check_name, plan_of
from console.scaffold.rows import read_whole


def init(
    name: Annotated[str, typer.Argument(help="Of the use case: lower case with underscores.")],
    file: Annotated[Path, typer.Option("--from", help="CSV or parquet, plain, gzipped or zipped.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    task: Annotated[
        TaskName | None, typer.Option(help="What the target is; by its values if absent.", show_default=False)
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            help="The column that orders rows; the first date or time if absent.", show_default=False
        ),
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A column that names a row; may be repeated.", show_default=False)
    ] = None,
    time_format: Annotated[
        str | None, typer.Option(help="How dates are written, as %d/%m/%Y, if unclear.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the first declaration of a use case, from a file of its rows.

    Reads every row, and writes use_cases/NAME/use_case.py: inputs with kinds and ranges, features, split,
    metrics, baselines, monitoring. Read it before you use it: a file does not tell what a column means, nor
    whether it is known when a prediction is asked for. Nothing is overwritten.

    Example: bikecast init churn --from customers.csv --target Churn
    """
    said = Said(name, target, task=task, time=time, key=tuple(key or ()), time_format=time_format)
    folder = _folder(name)
    with ui.activity(f"reading every row of {file}"):
        plan = plan_of(read_whole(file, target), said)
    folder.mkdir()
    (folder / "__init__.py").write_text(f'"""{plan.words.capitalize()}."""\n')
    (folder / "use_case.py").write_text(written(plan))
    facts = {
        "written": str(folder / "use_case.py"),
        "task": f"{plan.task} of {target}",
        "inputs": len(plan.inputs),
        "key": ", ".join(plan.key) or "none: a row is told by all of its values",
        "time": plan.time.name if plan.time else "none: rows are drawn by a seed",
        "left out": "; ".join(f"{found.name}: {found.why}" for found in plan.left_out) or "none",
        "look at": "; ".join(_doubts(plan)) or "what is known when a prediction is asked for",
        "next": f"read it, then: bikecast up, and with --use-case {name}: deploy, load {file}, train",
    }
    ui.show(facts, as_json=as_json, table=lambda: ui.pairs_table(facts))


def _doubts(plan: Plan) -> Iterator[str]:
    for name in plan.grouping.telling:
        yield f"{name}: tells the target all by itself: take it out if it is not known when one asks"
    for found in plan.inputs:
        if found.name in plan.key and found.integer and found.names_rows:
            yield f"{found.name} is the key: rows of a file that begins to count anew would replace these"
        elif found.kind == "number" and found.integer and found.distinct == plan.rows:
            begin = f"begin anew with --key {found.name}"
            yield f"{found.name}: another number in each row; if it only names rows, {begin}"


def _folder(name: str) -> Path:
    import use_cases

    check_name(name)
    folder = Path(use_cases.__path__[0]) / name
    if folder.exists():
        raise InputError(f"{folder} exists, and nothing is overwritten: choose another name, or remove it")
    return folder
