"""Trip files in the publisher's formats, small enough to read in a test."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

NEW_HEADER = (
    "ride_id,rideable_type,started_at,ended_at,start_station_name,start_station_id,"
    "end_station_name,end_station_id,start_lat,start_lng,end_lat,end_lng,member_casual"
)
OLD_HEADER = (
    "tripduration,starttime,stoptime,start station id,start station name,start station latitude,"
    "start station longitude,end station id,end station name,end station latitude,"
    "end station longitude,bikeid,usertype,birth year,gender"
)


def ride(ride_id: str, start: str, end: str, *, station: str = "W 21 St") -> str:
    """Return a row of the schema with ride ids."""
    return f"{ride_id},classic_bike,{start},{end},{station},1.1,E 5 St,2.2,40.7,-74.0,40.8,-74.1,member"


def bike_ride(bike: int, start: str, end: str) -> str:
    """Return a row of the schema with bike ids."""
    return f"600,{start},{end},72,W 52 St,40.7,-74.0,79,Franklin St,40.8,-74.1,{bike},Subscriber,1980,1"


def csv_bytes(rows: Iterable[str], *, header: str = NEW_HEADER, line_break: str = "\n") -> bytes:
    """Return a file with its header."""
    return "".join(line + line_break for line in [header, *rows]).encode()


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of the members, the same bytes at any time of day: some name a test."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder and return it."""
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return folder


def hour_of_rides(hour: str, count: int, *, first: int = 0) -> Sequence[str]:
    """Return rides of 10 minutes that start in one hour (``2024-01-05 08``), with distinct ids."""
    return [
        ride(f"{first + n:016X}", f"{hour}:{n % 50:02d}:07", f"{hour}:{n % 50 + 9:02d}:57")
        for n in range(count)
    ]
