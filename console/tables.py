"""Processed tables on their way to the data bucket."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.errors import DataError
from bikecast.names import citibike_key, weather_key
from console.buckets import Bucket
from console.sources import Source

if TYPE_CHECKING:
    import pandas as pd


def load_tables(bucket: Bucket, source: Source) -> dict[str, Any]:
    """Check processed tables against their contracts and upload them as they are.

    Days that the cloud has of a table's year and the table has not are kept, and so are values of weather.
    """
    from bikecast.tables import checked_weather, repaired
    from bikecast.weather.files import combined

    hourly = _upload_tables(bucket, source.hourly, key=citibike_key, check=repaired, lay_over=_other_days)
    weather = _upload_tables(
        bucket,
        source.weather,
        key=weather_key,
        check=checked_weather,
        lay_over=lambda known, table: combined(known, table)[0],
    )
    report: dict[str, Any] = {"kind": "processed tables", "simulated": source.is_simulated}
    return report | {"hourly": hourly, "weather": weather}


def _other_days(known: "pd.DataFrame", table: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    return pd.concat([known[~known["date"].isin(table["date"])], table], ignore_index=True)


def _upload_tables(
    bucket: Bucket,
    tables: dict[int, Path],
    *,
    key: Callable[[int], str],
    check: "Callable[[pd.DataFrame], pd.DataFrame]",
    lay_over: "Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]",
) -> list[dict[str, Any]]:
    rows = []
    for year, path in sorted(tables.items()):
        raw = _read_table(path)
        checked = check(raw)
        known = check(_read_stored(bucket, key(year))) if bucket.has(key(year)) else checked
        table = check(lay_over(known, checked))
        is_whole = table.equals(checked)
        uploaded = bucket.put(path, key(year)) if is_whole else _put_table(bucket, table, key(year))
        rows.append(
            {
                "year": year,
                "file": str(path),
                "rows": len(raw),
                "repeated": len(raw) - len(checked),
                "kept": len(table) - len(checked),
                "uploaded": uploaded,
            }
        )
    return rows


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
        raise DataError(f"{path} is no readable parquet file: {err}") from err
