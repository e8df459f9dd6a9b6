"""``drift``: the monitor's verdict on windows of time."""

import datetime as dt
from typing import Annotated, Literal

import typer

from bikecast.errors import InputError
from console import ui
from console.cloud.session import find_cloud
from console.options import From, Json, TargetOption, To
from console.pages.services import refresh_evidently
from console.use_cases import declaration

# As the monitor spells them; its own enumeration would bring numpy along for every command.
SourceName = Literal["predictions", "processed"]


def drift(
    first: From = None,
    last: To = None,
    weeks: Annotated[
        int | None,
        typer.Option(
            min=1, help="How many windows, ending with --to; instead of --from.", show_default=False
        ),
    ] = None,
    every: Annotated[str, typer.Option(help="Length of a window: 1w, 10d, ...")] = "1w",
    source: Annotated[
        SourceName | None,
        typer.Option(
            help="Rows to judge: predictions (as served) or processed (scored again).",
            show_default=False,
        ),
    ] = None,
    act: Annotated[
        bool,
        typer.Option(
            "--act/--no-act", help="Open incidents, pause or retrain if the newest weeks ask for it."
        ),
    ] = True,
    pages: Annotated[
        bool, typer.Option("--pages/--no-pages", help="Draw Evidently's pages, or only store the numbers.")
    ] = True,
    retrain_trials: Annotated[
        int | None,
        typer.Option(
            min=1, help="Tuning trials of a requested retraining; 50 if absent.", show_default=False
        ),
    ] = None,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Run the monitor over windows of time; without dates, over the last complete week of the data.

    Example: bikecast drift --from 2025-01-06 --to 2025-03-30 --every 1w

    Windows that were judged before are judged again and their rows replaced.
    """
    # They bring numpy along, which no other command needs.
    from bikecast.monitoring.windows import parse_every
    from console.monitoring.consequences import consequences, why_silent
    from console.monitoring.drift import (
        Watch,
        verdict_rows,
        watch_latest,
        watch_windows,
        windows,
        without_empty_columns,
    )

    days = parse_every(every)
    if weeks and (first or not last):
        raise InputError("--weeks counts back from --to: give --to with it, and no --from")
    if last and weeks:
        first = last - dt.timedelta(days=weeks * days - 1)
    if (first is None) != (last is None):
        raise InputError("give --from and --to, or --weeks and --to, or none of them")
    cloud = find_cloud(target)
    watch = Watch(source=source, act=act, pages=pages, retrain_trials=retrain_trials)
    if first is None or last is None:
        verdicts = watch_latest(cloud, watch=watch)
    else:
        verdicts = watch_windows(cloud, windows(first.date(), last.date(), days=days), watch=watch)
    ui.show(
        verdicts, as_json=as_json, table=lambda: ui.rows_table(without_empty_columns(verdict_rows(verdicts)))
    )
    for sentence in [*consequences(verdicts), *filter(None, [why_silent(verdicts, act=act)])]:
        ui.note(sentence)
    if pages and declaration() is None:  # Evidently's pages are about hourly demand
        refresh_evidently(cloud)
