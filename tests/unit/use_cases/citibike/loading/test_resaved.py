"""Trip files as people save them again: counted as an independent reader counts them."""

import gzip

import pandas as pd
import pytest

from bikecast.storage import FolderStore
from tests.unit.use_cases.citibike.loading.conftest import Load
from tests.unit.use_cases.citibike.loading.resaved import PROGRAMS
from tests.unit.use_cases.citibike.loading.tables import counts, publish
from tests.unit.use_cases.citibike.loading.tally import tally
from tests.unit.use_cases.citibike.loading.trips import (
    NEW_HEADER,
    OLD_HEADER,
    bike_ride,
    csv_bytes,
    hour_of_rides,
    ride,
    zip_bytes,
)
from use_cases.citibike.trips.rules import Reason

A, B, C = "AAAAAAAAAAAAAAA1", "AAAAAAAAAAAAAAA2", "AAAAAAAAAAAAAAA3"
HOURS = [f"2024-01-{day:02d} {hour:02d}" for day in (1, 5, 12, 25) for hour in (0, 8, 12, 23)]
NEW = csv_bytes([row for n, hour in enumerate(HOURS) for row in hour_of_rides(hour, 3 + n, first=100 * n)])
OLD = csv_bytes(
    [
        bike_ride(bike, f"{hour}:{bike % 50:02d}:17", f"{hour}:{bike % 50 + 7:02d}:31")
        for n, hour in enumerate(HOURS)
        for bike in range(14_000, 14_003 + n)
    ],
    header=OLD_HEADER,
)


@pytest.mark.parametrize("body", [NEW, OLD], ids=["ride-ids", "bike-ids"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_file_that_was_saved_again_is_counted_as_it_reads(
    store: FolderStore, load: Load, name: str, body: bytes
) -> None:
    program = PROGRAMS[name]
    text = program.save(body.decode())
    report = load({"saved again.csv": text.encode(program.encoding)})
    assert (report.problems, report.refused) == ({}, {})
    publish(store)
    expected = tally(text, formats=program.formats, delimiter=program.delimiter)
    assert counts(store) == dict(sorted(expected.items()))
    assert expected == tally(body.decode())


@pytest.mark.parametrize("name", ["excel-us", "excel-us-two-digit-year", "pandas", "excel-german"])
@pytest.mark.parametrize("body", [NEW, OLD], ids=["ride-ids", "bike-ids"])
def test_the_same_month_as_published_and_saved_again_counts_once(
    store: FolderStore, load: Load, name: str, body: bytes
) -> None:
    program = PROGRAMS[name]
    load({"a.csv": body, "b.csv": program.save(body.decode()).encode(program.encoding)})
    publish(store)
    assert counts(store) == dict(sorted(tally(body.decode()).items()))


def test_fractions_of_seconds_make_no_other_rides(store: FolderStore, load: Load) -> None:
    fine = [
        bike_ride(
            14_000 + n,
            f"2018-01-05 08:10:57.{n * 137 % 10_000:04d}",
            f"2018-01-05 08:30:{n:02d}.{n * 911 % 10_000:04d}",
        )
        for n in range(50)
    ]
    whole = [
        ",".join(value[:19] if value.startswith("2018-") else value for value in row.split(","))
        for row in fine
    ]
    load({"fine.csv": csv_bytes(fine, header=OLD_HEADER), "whole.csv": csv_bytes(whole, header=OLD_HEADER)})
    publish(store, years=range(2018, 2019))
    assert counts(store) == {"2018-01-05 08": 50}


def test_separators_of_thousands_make_no_other_bikes(store: FolderStore, load: Load) -> None:
    rows = [bike_ride(14_000 + n, "2018-01-05 08:10:57", "2018-01-05 08:30:00") for n in range(50)]
    saved = [row.replace(f",{14_000 + n},", f',"14,{n:03d}",') for n, row in enumerate(rows)]
    load({"a.csv": csv_bytes(rows, header=OLD_HEADER), "b.csv": csv_bytes(saved, header=OLD_HEADER)})
    publish(store, years=range(2018, 2019))
    assert counts(store) == {"2018-01-05 08": 50}


def test_a_bike_may_start_twice_in_the_minute_that_autumn_repeats(store: FolderStore, load: Load) -> None:
    rows = [
        bike_ride(14_000, "2018-11-04 01:10:05", "2018-11-04 01:20:00"),
        bike_ride(14_000, "2018-11-04 01:10:40", "2018-11-04 01:25:00"),
    ]
    body = csv_bytes(rows, header=OLD_HEADER)
    load({"a.csv": body, "again.csv": body})
    publish(store, years=range(2018, 2019))
    assert counts(store) == {"2018-11-04 01": 2}


def test_an_id_that_a_spreadsheet_destroyed_is_no_identity(store: FolderStore, load: Load) -> None:
    rows = [ride("5.63E+14", f"2024-01-05 08:{n:02d}:00", f"2024-01-05 08:{n + 5:02d}:00") for n in range(40)]
    report = load({"a.csv": csv_bytes([*rows, rows[0]])})
    assert (report.kept, report.refused) == (40, {Reason.REPEATED_ROW: 1})
    assert any("41 rides have no intact id" in note for note in report.notes["a.csv"])


@pytest.mark.parametrize("damaged", ["5.63E+15", "5.63012E+15", "5,63E+15", "5630123456789010"])
def test_a_number_that_was_an_id_is_found_again_in_the_original(
    store: FolderStore, load: Load, damaged: str
) -> None:
    times = ("2024-01-05 08:10:31", "2024-01-05 08:20:59")
    other = ride(A, "2024-01-05 08:11:00", "2024-01-05 08:20:00")
    original = [ride("5630123456789012", *times), other]
    saved = [
        ride(f'"{damaged}"', "1/5/2024 8:10", "1/5/2024 8:20"),
        ride(A, "1/5/2024 8:11", "1/5/2024 8:20"),
    ]
    load({"a.csv": csv_bytes(original), "b.csv": csv_bytes(saved)})
    publish(store)
    assert counts(store) == {"2024-01-05 08": 2}


@pytest.mark.parametrize(
    ("start", "end", "hour"),
    [
        ("2024-01-05 13:10:00+00:00", "2024-01-05 13:20:00+00:00", "2024-01-05 08"),
        ("2024-01-05T13:10:00Z", "2024-01-05T13:20:00Z", "2024-01-05 08"),
        ("2024-01-05 13:10:00.000Z", "2024-01-05 13:20:00.000Z", "2024-01-05 08"),
        ("2024-01-05T13:10Z", "2024-01-05T13:20Z", "2024-01-05 08"),
        ("2024-07-05 13:10:00 UTC", "2024-07-05 13:20:00 UTC", "2024-07-05 09"),
        ("2024-01-05 08:10:00-05:00", "2024-01-05 08:20:00-05:00", "2024-01-05 08"),
        ("2024-01-05 14:10:00+0100", "2024-01-05 14:20:00+0100", "2024-01-05 08"),
        ("2024-01-05 08:10:00.500-05", "2024-01-05 08:20:00.500-05", "2024-01-05 08"),
    ],
)
def test_an_explicit_offset_is_converted_to_new_york(
    store: FolderStore, load: Load, start: str, end: str, hour: str
) -> None:
    report = load({"a.csv": csv_bytes([ride(A, start, end)])})
    assert report.problems == {}
    publish(store)
    assert counts(store) == {hour: 1}


def both(new: bytes, old: bytes, *, again: bool = False) -> bytes:
    return old + new + (old if again else b"")


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_both_schemas_end_to_end_in_one_file_are_read(store: FolderStore, load: Load, delimiter: str) -> None:
    new = csv_bytes([*hour_of_rides("2024-01-05 08", 4), ride(A, "never", "2024-01-05 08:20:00")])
    old = csv_bytes(
        [bike_ride(14_000 + n, "2024-01-05 09:10:00", "2024-01-05 09:20:00") for n in range(6)],
        header=OLD_HEADER,
    )
    report = load({"all.csv": (old + new).replace(b",", delimiter.encode())})
    assert (report.problems, report.rows, report.kept) == ({}, 11, 10)
    publish(store)
    assert counts(store) == {"2024-01-05 08": 4, "2024-01-05 09": 6}
    (key,) = store.keys("quarantine/")
    refused = pd.read_parquet(store.root / key)
    assert refused[["file", "line"]].to_numpy().tolist() == [["all.csv", 13]]


def test_files_of_one_schema_joined_end_to_end_are_read(store: FolderStore, load: Load) -> None:
    report = load({"all.csv": NEW + NEW + OLD})
    assert (report.problems, report.refused) == ({}, {})
    publish(store)
    assert counts(store) == {hour: n * 2 for hour, n in sorted(tally(NEW.decode()).items())}


def test_both_schemas_side_by_side_in_one_file_are_read(store: FolderStore, load: Load) -> None:
    header = f"{NEW_HEADER},{OLD_HEADER}"
    blank_new, blank_old = "," * NEW_HEADER.count(","), "," * OLD_HEADER.count(",")
    new = [f"{row},{blank_old}" for row in hour_of_rides("2024-01-05 08", 4)]
    old = [
        f"{blank_new},{bike_ride(14_000 + n, '2024-01-05 09:10:00', '2024-01-05 09:20:00')}" for n in range(6)
    ]
    report = load({"joined.csv": csv_bytes([*new, *old], header=header)})
    assert (report.problems, report.kept) == ({}, 10)
    publish(store)
    assert counts(store) == {"2024-01-05 08": 4, "2024-01-05 09": 6}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("month.csv.gz", gzip.compress(NEW, mtime=0)),
        ("separator.csv", b"sep=;\r\n" + NEW.replace(b",", b";")),
        ("packed-twice.zip", zip_bytes({"a.csv.gz": gzip.compress(NEW, mtime=0)})),
        ("members.zip", zip_bytes({"a.txt": NEW, "readme.txt": b"hello"})),
        ("upper.csv", NEW.replace(NEW_HEADER.encode(), NEW_HEADER.upper().encode())),
        ("spaces.csv", NEW.replace(NEW_HEADER.encode(), NEW_HEADER.replace("_", " ").title().encode())),
        ("index.csv", b"\n".join(b"%d,%s" % (n, line) for n, line in enumerate(NEW.splitlines()))),
    ],
)
def test_other_wrappings_and_headers_hold_the_same_rides(
    store: FolderStore, load: Load, name: str, body: bytes
) -> None:
    assert load({name: body}).problems == {}
    publish(store)
    assert counts(store) == dict(sorted(tally(NEW.decode()).items()))


def test_dates_in_two_orders_are_refused(load: Load) -> None:
    rows = [ride(A, "1/25/2024 8:10", "1/25/2024 8:20"), ride(B, "25/1/2024 8:10", "25/1/2024 8:20")]
    assert "day first and others the month" in load({"a.csv": csv_bytes(rows)}).problems["a.csv"]


@pytest.mark.parametrize("rows", [1, 4, 480])
def test_times_without_their_date_fail_the_file_at_any_size(load: Load, rows: int) -> None:
    body = csv_bytes([ride(f"{n:016X}", "16:23.0", "38:14.7") for n in range(rows)])
    problem = load({"a.csv": body}).problems["a.csv"]
    assert f"{rows} of {rows} rows cannot be read" in problem
    assert "yyyy-mm-dd hh:mm:ss" in problem


def test_a_file_of_which_a_tenth_cannot_be_read_fails(load: Load) -> None:
    bad = [ride(f"F{n:015X}", "soon", "later") for n in range(10)]
    report = load({"a.csv": csv_bytes([*hour_of_rides("2024-01-05 08", 90), *bad])})
    assert "10 of 100 rows cannot be read" in report.problems["a.csv"]


def test_what_reading_assumed_is_said(load: Load) -> None:
    german = PROGRAMS["excel-german"]
    notes = load({"a.csv": german.save(NEW.decode()).encode()}).notes["a.csv"]
    assert any("day first" in note for note in notes)
    assert any("whole minutes" in note for note in notes)
    assert load({"a.csv": NEW}).notes == {}
