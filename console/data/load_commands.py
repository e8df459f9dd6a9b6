"""``load`` and ``simulate``."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bikecast.errors import InputError
from bikecast.names import Target
from console import ui
from console.cloud.session import find_cloud
from console.data.replacing import FLAG
from console.data.row_loading import load_rows, load_simulated_rows, row_report, simulate_rows
from console.exit_codes import ExitCode
from console.options import DAY_FORMATS, Json, TargetOption
from console.use_cases import declaration, refuse_hourly_options, require_hourly
from use_cases.citibike.console.files.command import load_hours
from use_cases.citibike.console.files.simulations import parse_shift, parse_traps, simulate_files

if TYPE_CHECKING:
    from bikecast.use_case import UseCase

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
    use_case = declaration()
    if use_case is None:
        report, table = load_hours(
            path,
            months,
            simulate=simulate,
            weather=weather,
            jersey_city=jersey_city,
            force=force,
            closed=closed,
            replace_simulated=replace_simulated,
            target=target,
            as_json=as_json,
        )
    else:
        refuse_hourly_options(
            {"--months": months, "--weather": weather, "--jersey-city": jersey_city, "--closed": closed}
        )
        report = _load_rows(
            use_case, path, simulate=simulate, force=force, replace_simulated=replace_simulated, target=target
        )
        table = ui.pairs_table(row_report(report))
    ui.show(report, as_json=as_json, table=lambda: table)
    require_complete(report)


def _load_rows(
    use_case: "UseCase",
    path: str | None,
    *,
    simulate: bool,
    force: bool,
    replace_simulated: bool,
    target: Target | None,
) -> dict[str, Any]:
    if (path is not None) == simulate:
        raise InputError("name a path to load, or --simulate")
    if path is not None and path.startswith("s3://"):
        require_hourly(f"load {path}")
    cloud = find_cloud(target)
    if path is None:
        return load_simulated_rows(cloud, use_case, force=force)
    return load_rows(cloud, use_case, Path(path), force=force, replace_simulated=replace_simulated)


def require_complete(report: dict[str, Any]) -> None:
    """End with 1 when a source could not be loaded; the report has its name and the reason."""
    if report.get("status") == "incomplete":
        ui.note("not everything was loaded, see `problems`; what they concern keeps its last good state")
        raise typer.Exit(ExitCode.FAILED)


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
    hourly_weather: Annotated[
        bool, typer.Option("--hourly-weather", help="Also every hour's weather, as it was and as forecast.")
    ] = False,
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
        refuse_hourly_options(
            {"--scale": scale, "--shift": shift, "--hourly-weather": hourly_weather or None}
        )
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
        hourly_weather=hourly_weather,
    )
    result = {"folder": str(out), "trips": rows, "simulated": True}
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))
