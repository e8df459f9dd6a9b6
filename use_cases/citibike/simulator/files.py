"""Rides written the way the publisher wrote them in each era: names, headers, stamps, zips."""

import datetime as dt
import io
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from use_cases.citibike.simulator.options import Trap
from use_cases.citibike.simulator.rides import NO_STATION, STATIONS, Rides

RIDE_IDS_SINCE = dt.date(2021, 2, 1)
MILLISECONDS_SINCE = dt.date(2024, 8, 1)
# The publisher's own size of a member; members of this size also bound the writer's memory.
ROWS_PER_MEMBER = 1_000_000
_SPLIT_ROWS = 40_000
_BAD_TIME_EVERY = 4_001
_REPEATED_EVERY = 2_003
_JUNK = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(range(256)) * 2
_NUMBERS = np.arange(STATIONS)


def write_month(folder: Path, month: dt.date, rides: Rides, *, traps: Collection[Trap]) -> Path:
    """Write one published file and return its path.

    Args:
        folder: An existing folder.
        month: First day of the month in the file's name.
        rides: What the file holds, whole members at a time.
        traps: What is wrong with the file.
    """
    spelling = "citbike" if Trap.MISSPELT_NAMES in traps and month.month == 7 else "citibike"
    stem = f"{month:%Y%m}-{spelling}-tripdata"
    path = folder / (f"{stem}.zip" if month.year >= 2024 else f"{stem}.csv.zip")
    members = list(_members(rides, traps))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, part in enumerate(members, start=1):
            name = f"{stem}.csv" if len(members) == 1 else f"{stem}_{number}.csv"
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(_csv(part, month, traps))
            if Trap.MACOS_JUNK in traps:
                archive.writestr(zipfile.ZipInfo(f"__MACOSX/._{name}"), _JUNK)
    return path


def _members(rides: Rides, traps: Collection[Trap]) -> Iterator[Rides]:
    rows = ROWS_PER_MEMBER
    if Trap.SPLIT_MEMBERS in traps and len(rides) < ROWS_PER_MEMBER:
        rows = _SPLIT_ROWS
    for begin in range(0, max(len(rides), 1), rows):
        yield rides.select(slice(begin, begin + rows))


def _csv(rides: Rides, month: dt.date, traps: Collection[Trap]) -> bytes:
    table = (new_schema if month >= RIDE_IDS_SINCE else old_schema)(rides, month, traps)
    if Trap.REPEATED_ROWS in traps:
        again = np.arange(_REPEATED_EVERY, len(rides), _REPEATED_EVERY)
        table = pa.concat_tables([table, table.take(pa.array(again))])
    buffer = io.BytesIO()
    if Trap.BYTE_ORDER_MARK in traps and month.month % 4 == 1:
        buffer.write(b"\xef\xbb\xbf")
    pacsv.write_csv(table, buffer, pacsv.WriteOptions(quoting_style="all_valid"))
    windows = Trap.WINDOWS_LINES in traps and month.month % 4 == 2
    return buffer.getvalue().replace(b"\n", b"\r\n") if windows else buffer.getvalue()


def new_schema(rides: Rides, month: dt.date, traps: Collection[Trap]) -> pa.Table:
    """Return the columns published since 2021."""
    lat, lng = _coordinates()
    return pa.table(
        {
            "ride_id": _hexadecimal(rides.identity),
            "rideable_type": _choice(rides.electric, "electric_bike", "classic_bike"),
            "started_at": _with_bad_times(_stamps(rides.start, month), traps),
            "ended_at": _stamps(rides.end, month),
            "start_station_name": _at(_station_names(traps), rides.start_station),
            "start_station_id": _at(_station_ids(), rides.start_station),
            "end_station_name": _at(_station_names(traps), rides.end_station),
            "end_station_id": _at(_station_ids(), rides.end_station),
            "start_lat": _at(lat, rides.start_station),
            "start_lng": _at(lng, rides.start_station),
            "end_lat": _at(lat, rides.end_station),
            "end_lng": _at(lng, rides.end_station),
            "member_casual": _choice(rides.member, "member", "casual"),
        }
    )


def old_schema(rides: Rides, month: dt.date, traps: Collection[Trap]) -> pa.Table:
    """Return the columns published until January 2021, in the spelling of the month."""
    lat, lng = _coordinates()
    seconds = (rides.end - rides.start).astype("timedelta64[s]").astype(np.int64)
    columns = {
        "tripduration": pa.array(seconds),
        "starttime": _with_bad_times(_stamps(rides.start, month), traps),
        "stoptime": _stamps(rides.end, month),
        "start station id": pa.array(rides.start_station + 72),
        "start station name": _at(_station_names(traps), rides.start_station),
        "start station latitude": _at(lat, rides.start_station),
        "start station longitude": _at(lng, rides.start_station),
        "end station id": pa.array(rides.end_station + 72),
        "end station name": _at(_station_names(traps), rides.end_station),
        "end station latitude": _at(lat, rides.end_station),
        "end station longitude": _at(lng, rides.end_station),
        "bikeid": pa.array(rides.identity % np.uint64(20_000) + np.uint64(14_529)),
        "usertype": _choice(rides.member, "Subscriber", "Customer"),
        "birth year": pa.array((rides.identity >> np.uint64(20)) % np.uint64(50) + np.uint64(1950)),
        "gender": pa.array(rides.identity % np.uint64(3)),
    }
    return pa.table({_spelled(name, month): values for name, values in columns.items()})


def _spelled(name: str, month: dt.date) -> str:
    """Headers were capitalised for half a year, with three names split in two words."""
    if not dt.date(2016, 10, 1) <= month < dt.date(2017, 4, 1):
        return name
    split = {"tripduration": "Trip Duration", "starttime": "Start Time", "stoptime": "Stop Time"}
    split |= {"bikeid": "Bike ID", "usertype": "User Type"}
    return split.get(name, name.title().replace(" Id", " ID"))


def _stamps(times: NDArray[np.datetime64], month: dt.date) -> pa.Array:
    unit = "ms" if month >= MILLISECONDS_SINCE else "s"
    return pc.cast(pa.array(times.astype(f"datetime64[{unit}]")), pa.string())


def _with_bad_times(stamps: pa.Array, traps: Collection[Trap]) -> pa.Array:
    if Trap.BAD_TIMES not in traps:
        return stamps
    bad = np.arange(len(stamps)) % _BAD_TIME_EVERY == _BAD_TIME_EVERY - 1
    return pc.if_else(pa.array(bad), "0000-00-00 00:00:00", stamps)


def _hexadecimal(numbers: NDArray[np.uint64]) -> pa.Array:
    digits = np.frombuffer(b"".join(b"%02X" % byte for byte in range(256)), dtype="S2")
    text = digits[numbers.astype(">u8").view(np.uint8)].view("S16")
    fixed = pa.Array.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(text)])
    return fixed.cast(pa.binary()).cast(pa.string())


def _choice(flags: NDArray[np.bool_], yes: str, no: str) -> pa.Array:
    return pc.if_else(pa.array(flags), yes, no)


def _at(values: pa.Array, station: NDArray[np.int64]) -> pa.Array:
    return values.take(pa.array(station, mask=station == NO_STATION))


def _coordinates() -> tuple[pa.Array, pa.Array]:
    turn = _NUMBERS * 2.399963  # the golden angle spreads points evenly over a disc
    radius = np.sqrt(_NUMBERS / STATIONS)
    lat = np.round(40.73 + 0.08 * radius * np.sin(turn), 6)
    lng = np.round(-73.97 + 0.06 * radius * np.cos(turn), 6)
    return pa.array(lat), pa.array(lng)


def _station_names(traps: Collection[Trap]) -> pa.Array:
    every = 20 if Trap.QUOTED_COMMAS in traps else STATIONS + 1
    ends = [", East" if number % every == every - 1 else "" for number in range(STATIONS)]
    return pa.array([f"{n % 11 + 1} Ave & W {n % 97 + 1} St{end}" for n, end in enumerate(ends)])


def _station_ids() -> pa.Array:
    return pa.array([f"{5000 + n * 7 % 3000}.{n % 100:02d}" for n in _NUMBERS.tolist()])
