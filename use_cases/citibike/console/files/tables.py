"""Upload of processed tables to the data bucket."""

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.errors import DataError
from console.data.buckets import Bucket
from use_cases.citibike.console.files.sources import Source
from use_cases.citibike.keys import citibike_key, weather_key

if TYPE_CHECKING:
    import pandas as pd

Check = Callable[["pd.DataFrame"], "pd.DataFrame"]
# The predecessor's tables hold the last hour of a month in two parts; more is the same data again.
MOST_REPEATED, FEW_HOURS = 0.01, 31


@dataclass(frozen=True)
class CheckedTable:
    """A processed table that keeps its contract; ``n_rows`` is how many rows its file has."""

    year: int
    path: Path
    table: "pd.DataFrame"
    n_rows: int


@dataclass(frozen=True)
class CheckedTables:
    """The tables of a source."""

    hourly: list[CheckedTable]
    weather: list[CheckedTable]


def check_tables(source: Source) -> CheckedTables:
    """Check processed tables against their contracts; nothing is uploaded.

    Raises:
        DataError: One breaks its contract, or is not a parquet file; the file is named.
    """
    return CheckedTables(_checked(source.hourly, _checked_hours), _checked(source.weather, _checked_days))


def _checked(paths: dict[int, Path], check: Check) -> list[CheckedTable]:
    found = []
    for year, path in sorted(paths.items()):
        raw = _read_table(path)
        try:
            found.append(CheckedTable(year, path, check(raw), len(raw)))
        except DataError as err:
            raise DataError(f"{path}: {err}") from err
    return found


def _checked_hours(raw: "pd.DataFrame") -> "pd.DataFrame":
    """Return hours of whole counts; where they are summed later, a missing one would become a zero."""
    import pandas as pd

    from use_cases.citibike.tables.hourly import repaired

    table = repaired(raw)
    is_count = pd.to_numeric(raw["trips"], errors="coerce") % 1 == 0
    if not is_count.all():
        wrong = raw.loc[~is_count].iloc[0]
        where = f"{wrong['date']}, hour {wrong['hour']}"
        raise DataError(f"trips must be whole numbers, but are {wrong['trips']} on {where}")
    if len(raw) - len(table) > max(MOST_REPEATED * len(table), FEW_HOURS):
        raise DataError(
            f"{len(raw) - len(table)} of {len(table)} hours are there twice: keep one row an hour"
        )
    return table


def _checked_days(raw: "pd.DataFrame") -> "pd.DataFrame":
    from use_cases.citibike.tables.hourly import checked_weather
    from use_cases.citibike.weather.units import temperature_scale

    table = checked_weather(raw)
    if temperature_scale(table) == "°C":
        high = table["TMAX"].mean()
        raise DataError(
            f"seems to be in metric units (mean TMAX {high:.1f}): convert it to °F, inches and mph"
        )
    return table


def upload_tables(bucket: Bucket, source: Source, tables: CheckedTables) -> dict[str, Any]:
    """Upload checked tables and return the load report.

    Days that the cloud has of a table's year and the table has not are kept, and so are values of weather.
    """
    from use_cases.citibike.tables.hourly import checked_weather, repaired
    from use_cases.citibike.weather.files import combined

    def lay_weather_over(known: "pd.DataFrame", table: "pd.DataFrame") -> "pd.DataFrame":
        return checked_weather(combined(checked_weather(known), table)[0])

    def lay_hours_over(known: "pd.DataFrame", table: "pd.DataFrame") -> "pd.DataFrame":
        return repaired(_other_days(repaired(known), table))

    hourly = [
        _upload(bucket, each, citibike_key(each.year), lay_over=lay_hours_over) for each in tables.hourly
    ]
    weather = [
        _upload(bucket, each, weather_key(each.year), lay_over=lay_weather_over) for each in tables.weather
    ]
    report: dict[str, Any] = {"kind": "processed tables", "simulated": source.is_simulated}
    return report | {"hourly": hourly, "weather": weather}


def _other_days(known: "pd.DataFrame", table: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    return pd.concat([known[~known["date"].isin(table["date"])], table], ignore_index=True)


def _upload(
    bucket: Bucket,
    given: CheckedTable,
    key: str,
    *,
    lay_over: "Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]",
) -> dict[str, Any]:
    table = lay_over(_read_stored(bucket, key), given.table) if bucket.has(key) else given.table
    is_whole = table.equals(given.table)
    return {
        "year": given.year,
        "file": str(given.path),
        "rows": given.n_rows,
        "repeated": given.n_rows - len(given.table),
        "kept": len(table) - len(given.table),
        "uploaded": bucket.put(given.path, key) if is_whole else _put_table(bucket, table, key),
    }


def _put_table(bucket: Bucket, table: "pd.DataFrame", key: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        table.to_parquet(path, index=False)
        return bucket.put(path, key)


def _read_stored(bucket: Bucket, key: str) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(io.BytesIO(bucket.read(key)))


def _read_table(path: Path) -> "pd.DataFrame":
    import pandas as pd
    from pyarrow import ArrowInvalid

    try:
        return pd.read_parquet(io.BytesIO(path.read_bytes()))
    except (ArrowInvalid, OSError) as err:
        raise DataError(f"{path} is not a readable parquet file: {err}") from err
