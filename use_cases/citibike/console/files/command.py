"""``bikecast load`` of trips and weather: from a folder, a bucket, the public archive, or simulated."""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.table import Table

from bikecast.errors import InputError
from bikecast.names import Target
from console import ui
from console.cloud.session import find_cloud
from console.data.buckets import data_bucket
from console.errors import ExecutionError
from use_cases.citibike.console.files.archive import download_months, fetch_weather
from use_cases.citibike.console.files.loading import declare_closed, load
from use_cases.citibike.console.files.prefixes import load_prefix
from use_cases.citibike.console.files.replacing import replacing_simulated
from use_cases.citibike.console.files.simulations import simulated_source
from use_cases.citibike.console.files.sources import Source, recognise
from use_cases.citibike.console.files.summary import load_summary

MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")


def load_hours(
    path: str | None,
    months: str | None,
    *,
    simulate: bool,
    weather: bool,
    jersey_city: bool,
    force: bool,
    closed: list[str] | None,
    replace_simulated: bool,
    target: Target | None,
    as_json: bool,
) -> tuple[dict[str, Any], Table]:
    """Load what the options of the command name, and return the report and how a person sees it.

    Raises:
        InputError: The options name nothing to load, or two things.
        ExecutionError: The ingestion failed; what it stored was shown.
    """
    wanted = parse_months(months)
    downloads = path is None and not simulate
    if (path is not None and simulate) or (downloads and not (wanted or closed)):
        raise InputError(
            "name a path to load, or --simulate, or --months to download, or hours that were --closed"
        )
    cloud = find_cloud(target)
    declared = declare_closed(cloud, closed) if closed else None
    if declared is not None and downloads and not wanted:
        return declared, ui.pairs_table(declared)
    try:
        if path and path.startswith("s3://"):
            report = load_prefix(cloud, path, months=wanted, force=force, replace_simulated=replace_simulated)
        else:
            source = _source(path, wanted, simulate=simulate, jersey_city=jersey_city)
            fetches = wanted and not simulate and (weather or path is None)
            room = replacing_simulated(cloud, source, agreed=replace_simulated) if fetches else nullcontext()
            with room:
                if fetches:
                    fetch_weather(data_bucket(cloud), wanted or [])
                report = load(cloud, source, months=wanted, force=force, replace_simulated=replace_simulated)
    except ExecutionError as err:
        _show_stored(err, as_json=as_json)
        raise
    return report, report_table(report)


def _show_stored(err: ExecutionError, *, as_json: bool) -> None:
    """Show the report of a load that failed late; as JSON it is part of the error."""
    report = err.report
    if report and not as_json:
        ui.show(report, as_json=False, table=lambda: report_table(report))


def _source(path: str | None, months: list[str] | None, *, simulate: bool, jersey_city: bool) -> Source:
    if simulate:
        return simulated_source()
    return recognise(Path(path)) if path else download_months(months or [], jersey_city=jersey_city)


def parse_months(text: str | None) -> list[str] | None:
    """Read ``2024-03`` or ``2024-01..2024-06`` as a list of months.

    Raises:
        InputError: It is neither, or runs backwards.
    """
    if text is None:
        return None
    first, _, last = text.partition("..")
    last = last or first
    if not (MONTH.match(first) and MONTH.match(last) and first <= last):
        raise InputError(f"months are written 2024-03 or 2024-01..2024-06, but got {text!r}")
    start, end = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (first, last))
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in range(start, end + 1)]


def report_table(report: dict[str, Any]) -> Table:
    """Lay out a load report: tables row by row, anything else by name."""
    if "hourly" in report:
        rows = [row | {"file": Path(row["file"]).name} for row in [*report["hourly"], *report["weather"]]]
        return ui.rows_table(
            rows, title=f"processed tables, {'simulated' if report['simulated'] else 'real'}"
        )
    return ui.pairs_table(load_summary(report))
