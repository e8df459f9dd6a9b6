"""``redrive``: predictions that could not be stored or queued, sent again."""

import datetime as dt
from dataclasses import asdict
from typing import Annotated

import typer

from console import ui
from console.cloud.log_commands import parse_duration
from console.cloud.session import find_cloud
from console.options import Json, TargetOption


def redrive(
    since: Annotated[
        str, typer.Option(help="How far back to look in the predictor's log: 30s, 10m, 2h or 1d.")
    ] = "14d",
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Send again the predictions that are missing in the prediction log, once the cause is repaired.

    These are the dead letters, and the rows that the predictor wrote to its own log because the queue
    failed. What is stored already is stored once.

    Example: bikecast redrive && bikecast logs capture_predictions --since 5m
    """
    from console.serving.redrive import redrive as send_again

    begin = dt.datetime.now(dt.UTC) - parse_duration(since)
    sent = asdict(send_again(find_cloud(target), since=begin))
    ui.show(sent, as_json=as_json, table=lambda: ui.pairs_table(sent))
