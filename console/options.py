"""Options that many commands share."""

import datetime as dt
from typing import Annotated

import typer

from bikecast.names import Target

Json = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON on stdout; progress stays on stderr.")
]

TargetOption = Annotated[
    Target | None,
    typer.Option(
        "--target",
        envvar="BIKECAST_TARGET",
        help="Cloud to talk to; the one that runs in this clone if absent.",
        show_default=False,
    ),
]

DAY_FORMATS = ["%Y-%m-%d"]
From = Annotated[
    dt.datetime | None,
    typer.Option("--from", formats=DAY_FORMATS, help="First day, New York time.", show_default=False),
]
To = Annotated[
    dt.datetime | None,
    typer.Option("--to", formats=DAY_FORMATS, help="Last day, included.", show_default=False),
]
