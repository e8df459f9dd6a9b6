"""Trip and weather files that lie in a bucket already: copied to ``raw/`` inside the cloud, then ingested."""

from dataclasses import dataclass
from typing import Any

from bikecast.errors import DataError, InputError
from bikecast.names import SIMULATED_MARKER_KEY
from bikecast.names import Prefix as Stored
from bikecast.tabular.heads import HEAD_BYTES
from console import ui
from console.cloud.session import Cloud
from console.data.buckets import Bucket, data_bucket
from console.data.replacing import retire_replaced
from use_cases.citibike.console.files.loading import ingest
from use_cases.citibike.console.files.replacing import replacing_simulated
from use_cases.citibike.console.files.sources import Source, of_names
from use_cases.citibike.console.files.uploading import marker_key, raw_keys
from use_cases.citibike.loading.kinds import Kind, kind_of_head

SCHEME = "s3://"


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket; ``prefix`` ends with a slash or is empty."""

    bucket: str
    prefix: str


def load_prefix(
    cloud: Cloud, uri: str, *, months: list[str] | None, force: bool, replace_simulated: bool = False
) -> dict[str, Any]:
    """Bring the files below ``s3://bucket/prefix`` to the tables and return the load report.

    Files under ``raw/`` of the data bucket are taken where they are.

    Raises:
        InputError: There is nothing that can be loaded.
        DataError: Simulated data would join real data.
        ExecutionError: The ingestion failed.
    """
    place, bucket = parse_place(uri), data_bucket(cloud)
    names = [key.removeprefix(place.prefix) for key in Bucket(cloud, place.bucket).keys(place.prefix)]
    source = of_names(names, shown=uri, kind_of=lambda name: kind_of_object(cloud, place, name))
    if place.bucket == bucket.name and place.prefix.startswith(Stored.RAW):
        report = ingest(cloud, files=keys_in_place(bucket, place, source), months=months, force=force)
    else:
        with replacing_simulated(cloud, source, agreed=replace_simulated):
            report = ingest(cloud, files=_copied(bucket, place, source), months=months, force=force)
    if not source.is_simulated:
        retire_replaced(cloud)
    return report


def parse_place(uri: str) -> Place:
    """Read ``s3://bucket/prefix``.

    Raises:
        InputError: It names no bucket.
    """
    bucket, _, prefix = uri.removeprefix(SCHEME).partition("/")
    if not (uri.startswith(SCHEME) and bucket):
        raise InputError(f"a prefix is written s3://bucket/prefix, but got {uri!r}")
    return Place(bucket, f"{prefix.rstrip('/')}/" if prefix.strip("/") else "")


def keys_in_place(bucket: Bucket, place: Place, source: Source) -> list[str]:
    """Return the keys of a source that lies under ``raw/`` already.

    Raises:
        DataError: Real files lie beside simulated ones.
    """
    if bucket.has(SIMULATED_MARKER_KEY) and not source.is_simulated:
        raise DataError(
            f"{Stored.RAW} holds simulated data: load the files from another place, which removes it"
        )
    there = {path: f"{place.prefix}{path.as_posix()}" for path in raw_keys(source)}
    return list(there.values())


def kind_of_object(cloud: Cloud, place: Place, name: str) -> Kind:
    """Tell by its first bytes what a file holds; of a parquet file, which has its columns last, nothing."""
    found = cloud.s3.get_object(Bucket=place.bucket, Key=f"{place.prefix}{name}")
    with found["Body"] as body:
        return kind_of_head(body.read(HEAD_BYTES))


def _copied(bucket: Bucket, place: Place, source: Source) -> list[str]:
    files = raw_keys(source)
    wanted = files | marker_key(source)
    with ui.activity(f"copying {len(wanted)} files from {place.bucket}") as current:
        fresh = 0
        for number, (path, key) in enumerate(wanted.items(), start=1):
            current.update(f"{number} of {len(wanted)} {path.name}")
            fresh += bucket.copy(place.bucket, f"{place.prefix}{path.as_posix()}", key)
        current.update(f"{len(wanted) - fresh} were there already" if fresh < len(wanted) else "")
    return list(files.values())
