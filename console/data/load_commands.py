"""``load`` and ``simulate``."""

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from bikecast.errors import InputError
from bikecast.names import Target
from console import ui
from console.cloud.session import find_cloud
from console.data.archive import download_months, fetch_weather
from console.data.buckets import data_bucket
from console.data.load_summary import load_summary
from console.data.loading import declare_closed
from console.data.loading import load as load_source
from console.data.prefixes import load_prefix
from console.data.replacing import FLAG, clear_simulated
from console.data.row_loading import load_rows, load_simulated_rows, row_report, simulate_rows
from console.data.simulations import parse_shift, parse_traps, simulate_files, simulated_source
from console.data.sources import Source, recognise
from console.errors import ExecutionError
from console.exit_codes import ExitCode
from console.options import DAY_FORMATS, Json, TargetOption
from console.use_cases import declaration, refuse_hourly_options, require_hourly

if TYPE_CHECKING:
    from bikecast.use_case import UseCase

MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")

SimulatedFrom = Annotated[
    dt.datetime, typer.Option("--from", formats=DAY_FORMATS, help="First simulated day.")
]
SimulatedTo = Annotated[dt.datetime, typer.Option("--to", formats=DAY_FORMATS, help="Last simulated day.")]

ReplaceSimulated = Annotated[
    bool, typer.Option(FLAG, help="Real data may remove simulated data; else you are asked.")
]


def load(
    path: Annotated[
        str | None,
        typer.Argument(
            help="Folder or file with trips and weather, processed tables, or s3://bucket/prefix."
        ),
    ] = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="Load 15 simulated months instead.")] = False,
    months: Annotated[
        str | None, typer.Option(help="Only these months, such as 2024-01..2024-06.", show_default=False)
    ] = None,
    weather: Annotated[
        bool, typer.Option("--weather", help="Also fetch the weather of --months from NOAA and Open-Meteo.")
    ] = False,
    jersey_city: Annotated[
        bool, typer.Option("--jersey-city", help="Jersey City's files of the archive.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Ingest again what was ingested already.")] = False,
    closed: Annotated[
        list[str] | None,
        typer.Option(
            help="Hours in which the system was shut, 2016-01-23T13..2016-01-26T06; may be repeated."
        ),
    ] = None,
    replace_simulated: ReplaceSimulated = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Load trips and weather: trip zips or CSV files of any year, or processed parquet tables as they are.

    Examples: bikecast load ~/citibike, bikecast load --simulate, bikecast load --months 2024-01..2024-12

    With --months and no path, trips come from the publisher's archive and the weather from NOAA.

    Loading the same files again, in any order, changes nothing. Simulated and real data are never mixed.
    """
    declared_case = declaration()
    if declared_case is not None:
        refuse_hourly_options(
            {"--months": months, "--weather": weather, "--jersey-city": jersey_city, "--closed": closed}
        )
        _load_rows(
            declared_case,
            path,
            simulate=simulate,
            force=force,
            replace_simulated=replace_simulated,
            target=target,
            as_json=as_json,
        )
        return
    wanted = parse_months(months)
    is_named = (path is not None) + simulate == 1 or (
        path is None and bool(wanted or closed) and not simulate
    )
    if not is_named:
        raise InputError(
            "name a path to load, or --simulate, or --months to download, or hours that were --closed"
        )
    cloud = find_cloud(target)
    declared = declare_closed(cloud, closed) if closed else None
    if declared is not None and path is None and not (wanted or simulate):
        ui.show(declared, as_json=as_json, table=lambda: ui.pairs_table(declared))
        return
    try:
        if path and path.startswith("s3://"):
            report = load_prefix(cloud, path, months=wanted, force=force, replace_simulated=replace_simulated)
        else:
            source = _source(path, wanted, simulate=simulate, jersey_city=jersey_city)
            if wanted and not simulate and (weather or path is None):
                clear_simulated(cloud, source, agreed=replace_simulated)
                fetch_weather(data_bucket(cloud), wanted)
            report = load_source(
                cloud, source, months=wanted, force=force, replace_simulated=replace_simulated
            )
    except ExecutionError as err:
        _show_stored(err, as_json=as_json)
        raise
    ui.show(report, as_json=as_json, table=lambda: report_table(report))
    require_complete(report)


def _load_rows(
    use_case: "UseCase",
    path: str | None,
    *,
    simulate: bool,
    force: bool,
    replace_simulated: bool,
    target: Target | None,
    as_json: bool,
) -> None:
    if (path is not None) == simulate:
        raise InputError("name a path to load, or --simulate")
    if path is not None and path.startswith("s3://"):
        require_hourly(f"load {path}")
    cloud = find_cloud(target)
    if path is None:
        report = load_simulated_rows(cloud, use_case, force=force)
    else:
        report = load_rows(cloud, use_case, Path(path), force=force, replace_simulated=replace_simulated)
    ui.show(report, as_json=as_json, table=lambda: ui.pairs_table(row_report(report)))
    require_complete(report)


def _show_stored(err: ExecutionError, *, as_json: bool) -> None:
    """Show the report of a load that failed late; as JSON it is part of the error."""
    report = err.report
    if report and not as_json:
        ui.show(report, as_json=False, table=lambda: report_table(report))


def require_complete(report: dict[str, Any]) -> None:
    """End with 1 when a source could not be loaded; the report has its name and the reason."""
    if report.get("status") == "incomplete":
        ui.note("not everything was loaded, see `problems`; what they concern keeps its last good state")
        raise typer.Exit(ExitCode.FAILED)


def _source(path: str | None, months: list[str] | None, *, simulate: bool, jersey_city: bool) -> Source:
    if simulate:
        return simulated_source()
    return recognise(Path(path)) if path else download_months(months or [], jersey_city=jersey_city)


def simulate(
    out: Annotated[Path, typer.Argument(file_okay=False, help="Folder to write to; made if absent.")],
    first: SimulatedFrom = dt.datetime(2024, 1, 1),
    last: SimulatedTo = dt.datetime(2025, 3, 31),
    seed: Annotated[int, typer.Option(help="The same seed gives the same rides.")] = 42,
    scale: Annotated[
        float | None,
        typer.Option(help="Share of New York's rides; 1 is some 5 million a month.", show_default="0.02"),
    ] = None,
    shift: Annotated[
        str | None, typer.Option(help="A lasting change, as kind:day:strength.", show_default=False)
    ] = None,
    traps: Annotated[
        str, typer.Option(help="Quirks of the published files: all, none, or names with commas between.")
    ] = "all",
    as_json: Json = False,
) -> None:
    """Write simulated trips and weather in the publishers' own formats, with all their quirks.

    Kinds of --shift: demand_level, weather_regime, rider_mix, broken_sensor. Strength 1 is severe, such as
    demand +50 %; 0.4 is demand +20 %, -0.4 is -20 %.

    Names for --traps: macos_junk, split_members, misspelt_names, byte_order_mark, windows_lines,
    quoted_commas, long_rides, short_rides, clock_change, missing_ends, repeated_rows, bad_times.

    Example: bikecast simulate /tmp/rides --to 2024-12-31 --shift demand_level:2024-10-01:0.4
    """
    declared_case = declaration()
    if declared_case is not None:
        refuse_hourly_options({"--scale": scale, "--shift": shift})
        written = {"folder": str(out), "files": simulate_rows(declared_case, out), "simulated": True}
        ui.show(written, as_json=as_json, table=lambda: ui.pairs_table(written))
        return
    rows = simulate_files(
        out,
        start=first.date(),
        end=last.date(),
        seed=seed,
        scale=scale,
        shift=parse_shift(shift),
        traps=parse_traps(traps),
    )
    result = {"folder": str(out), "trips": rows, "simulated": True}
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))


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
