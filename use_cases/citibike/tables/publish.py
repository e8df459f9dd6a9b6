"""The tables from what is kept: counts of the months that a load touched, weather, and the load's report."""

import datetime as dt
from collections.abc import Collection, Mapping

import pandas as pd

from bikecast.errors import DataError
from bikecast.names import Prefix
from bikecast.storage import ObjectStore
from use_cases.citibike.data_coverage import note_tables
from use_cases.citibike.keys import LATEST_LOAD_REPORT_KEY, RAW_WEATHER_PREFIX
from use_cases.citibike.loading.reports import (
    ENTRIES,
    LoadReport,
    SourceEntry,
    Status,
    notes_of,
    read_entry,
    sum_refused,
)
from use_cases.citibike.tables.closures import replace_recognised
from use_cases.citibike.tables.counting import MonthCount, count_month
from use_cases.citibike.tables.coverage import STRAY_HOURS, measure
from use_cases.citibike.tables.hourly import MAX_MISSING_SHARE
from use_cases.citibike.tables.replacing import counted_months, hours_by_month, replace_months
from use_cases.citibike.trips.rules import RULES_VERSION
from use_cases.citibike.weather.files import WeatherLoad, load_weather_files


def publish_tables(
    store: ObjectStore,
    groups: Collection[str] | None = None,
    *,
    weather_keys: Collection[str] | None = None,
    now: dt.datetime | None = None,
) -> LoadReport:
    """Count the months that the groups' sources reach, replace them in the tables, and report.

    Every month is counted anew from everything that is kept of it, so neither order nor repetition
    of loads matters. Weather files are taken in first.

    Args:
        store: The data bucket.
        groups: Groups given to ``ingest_month``; all of them if absent.
        weather_keys: Weather files; all under ``raw/weather/`` if absent.
        now: Aware instant of the report.
    Raises:
        DataError: More than 1 % of the hours just counted have no weather; the days are named. The
            tables and the report are stored nonetheless.
    """
    now = now or dt.datetime.now(dt.UTC)
    entries = [read_entry(store, key) for key in store.keys(ENTRIES)]
    touched = [entry for entry in entries if groups is None or entry.month in groups]
    weather = load_weather_files(store, _weather_keys(store, weather_keys, touched), now=now)
    counts = _count(store, entries, {month for entry in touched for month in entry.start_months})
    closures = [closure for count in counts.values() for closure in count.closures]
    replace_recognised(store, set(counts), closures)
    replaced = _without_strays(store, counts)
    if replaced:
        replace_months(store, replaced)
    note_tables(store)
    report = _report(store, touched, counts, weather, now)
    report = report.model_copy(update={"notes": report.notes | _older_rules(entries, set(counts))})
    _store_report(store, report)
    _refuse_lost_weather(report)
    return report


def _weather_keys(store: ObjectStore, given: Collection[str] | None, touched: list[SourceEntry]) -> list[str]:
    """Return the weather files given, and those that came among the trips."""
    among_trips = [key for entry in touched for key in entry.weather]
    return [*(store.keys(RAW_WEATHER_PREFIX) if given is None else given), *among_trips]


def _older_rules(entries: list[SourceEntry], months: set[str]) -> dict[str, tuple[str, ...]]:
    """Name sources of the months that were read by older rules, which may tell rides apart another way."""
    note = ("read by older rules than the other files of its months: load it again",)
    current = f"-rules-{RULES_VERSION}"
    return {
        entry.source: note
        for entry in entries
        if entry.rides and not (entry.fingerprint or "").endswith(current) and entry.start_months & months
    }


def _count(store: ObjectStore, entries: list[SourceEntry], months: set[str]) -> dict[str, MonthCount]:
    rides = [key for entry in entries for key in entry.rides]
    return {
        month: count_month(store, [key for key in rides if key.startswith(f"{Prefix.TRIPS}{month}/")])
        for month in sorted(months)
    }


def _without_strays(store: ObjectStore, counts: Mapping[str, MonthCount]) -> dict[str, pd.DataFrame]:
    """Leave out months of which only strays came while the table has more of them from elsewhere.

    A processed table may be there without its trip files; a neighbour's file must not empty its month.
    """
    hours, counted = hours_by_month(store), counted_months(store)
    return {
        month: count.hourly
        for month, count in counts.items()
        if month in counted or len(count.hourly) >= min(STRAY_HOURS, hours[month])
    }


def _report(
    store: ObjectStore,
    touched: list[SourceEntry],
    counts: Mapping[str, MonthCount],
    weather: WeatherLoad,
    now: dt.datetime,
) -> LoadReport:
    good = [entry for entry in touched if entry.status is Status.LOADED]
    files = [file for entry in good for file in entry.files]
    problems = {entry.source: entry.problem for entry in touched if entry.problem is not None}
    rows = sum(count.rows for count in counts.values())
    trips = sum(count.trips for count in counts.values())
    return LoadReport(
        status="incomplete" if problems or weather.problems else "complete",
        simulated=any(entry.simulated for entry in touched),
        finished_at=now,
        sources=len(good),
        rows=sum(file.rows for file in files),
        kept=sum(file.kept for file in files),
        refused=sum_refused(files),
        under_60_s=sum(file.under_60_s for file in files),
        in_several_files=rows - trips,
        trips=trips,
        problems=problems,
        quarantine=tuple(store.uri(entry.quarantine) for entry in good if entry.quarantine),
        coverage=measure(store, {month: count.hourly for month, count in counts.items()}),
        weather_days=weather.days,
        weather_problems=weather.problems,
        weather_forecasts=weather.forecasts,
        notes=notes_of(files) | weather.notes,
    )


def _store_report(store: ObjectStore, report: LoadReport) -> None:
    body = report.model_dump_json(indent=1).encode()
    store.write(f"{Prefix.LOAD_REPORTS}{report.finished_at:%Y-%m-%dT%H%M%S.%fZ}.json", body)
    store.write(LATEST_LOAD_REPORT_KEY, body)


def _refuse_lost_weather(report: LoadReport) -> None:
    coverage = report.coverage
    if coverage.hours_without_weather <= MAX_MISSING_SHARE * coverage.hours:
        return
    unusable = report.weather_problems | report.problems
    raise DataError(
        "".join(f"{name} was not used: {why}; " for name, why in unusable.items())
        + f"{coverage.hours_without_weather} of {coverage.hours} hours have no weather, at most "
        f"{MAX_MISSING_SHARE:.0%} may lack it: load weather of {coverage.days_without_weather} "
        f"(`bikecast load FILE`, or a file under {RAW_WEATHER_PREFIX}); the counts are stored"
    )
