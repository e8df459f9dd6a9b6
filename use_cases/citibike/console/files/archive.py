"""Months of the publisher's public archive and their weather, fetched on this machine."""

import datetime as dt
from calendar import monthrange

from bikecast.storage import S3Store
from console import ui
from console.cloud.session import local_settings
from console.data.buckets import Bucket
from use_cases.citibike.console.files.sources import Source

MEGABYTE = 1e6


def download_months(months: list[str], *, jersey_city: bool) -> Source:
    """Download the trip files of the months, those that are here already excepted.

    Raises:
        InputError: The archive has no file for a month.
        WebError: The archive cannot be reached.
    """
    from use_cases.citibike.loading.public_archive import choose, download_file, list_archive

    folder = local_settings().root / "archive"
    folder.mkdir(parents=True, exist_ok=True)
    with ui.activity("public archive") as current:
        files = choose(list_archive(), months, jersey_city=jersey_city)

        def report(name: str, done: int, total: int) -> None:
            current.update(f"{name} {done / MEGABYTE:,.0f} of {total / MEGABYTE:,.0f} MB")

        paths = [download_file(file, folder, progress=report) for file in files]
        current.update(f"{len(paths)} files")
    return Source(root=folder, trips=tuple(paths))


def fetch_weather(bucket: Bucket, months: list[str]) -> dict[str, int]:
    """Put the months' weather into the weather table: NOAA's, and Open-Meteo's where NOAA's has gaps.

    Raises:
        WebError: A provider that is needed cannot be reached.
    """
    from use_cases.citibike.weather.loading import load_weather
    from use_cases.citibike.weather.providers import NceiDaily, OpenMeteo

    first, last = period(months)
    with ui.activity(f"weather {first} to {last}") as current:
        given = load_weather(
            S3Store(bucket.cloud.s3, bucket.name), first, last, providers=(NceiDaily(), OpenMeteo())
        )
        current.update(", ".join(f"{name}: {days} days" for name, days in given.items()))
    return given


def period(months: list[str]) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of months given in order."""
    first, last = dt.date.fromisoformat(f"{months[0]}-01"), dt.date.fromisoformat(f"{months[-1]}-01")
    return first, last.replace(day=monthrange(last.year, last.month)[1])
