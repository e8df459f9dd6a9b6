"""The publisher's formats, in every shape they were published."""

import pytest

from bikecast.storage import FolderStore
from tests.unit.use_cases.citibike.loading.conftest import Load
from tests.unit.use_cases.citibike.loading.tables import counts, publish
from tests.unit.use_cases.citibike.loading.trips import (
    NEW_HEADER,
    OLD_HEADER,
    bike_ride,
    csv_bytes,
    hour_of_rides,
    ride,
    zip_bytes,
)

ROWS = hour_of_rides("2024-01-05 08", 4)
OLD_ROWS = [bike_ride(14529 + n, "2024-01-05 08:10:00", "2024-01-05 08:20:00") for n in range(4)]
QUOTED = ['"' + row.replace(",", '","') + '"' for row in ROWS]
JUNK = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X" + bytes(range(256))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("plain.csv", csv_bytes(ROWS)),
        ("upper-case-suffix.CSV", csv_bytes(ROWS)),
        ("no-last-break.csv", csv_bytes(ROWS).rstrip(b"\n")),
        ("windows.csv", csv_bytes(ROWS, line_break="\r\n")),
        ("both-breaks.csv", csv_bytes(ROWS[:2], line_break="\r\n") + csv_bytes(ROWS[2:]).split(b"\n", 1)[1]),
        (
            "breaks-change-later.csv",
            csv_bytes(ROWS[:2]) + csv_bytes(ROWS[2:], line_break="\r\n").split(b"\n", 1)[1],
        ),
        ("byte-order-mark.csv", b"\xef\xbb\xbf" + csv_bytes(ROWS)),
        ("mark-and-windows.csv", b"\xef\xbb\xbf" + csv_bytes(QUOTED, line_break="\r\n")),
        ("quoted.csv", csv_bytes(QUOTED, header='"' + NEW_HEADER.replace(",", '","') + '"')),
        ("blank-lines.csv", csv_bytes([ROWS[0], "", *ROWS[1:], "", ""])),
        ("blanks-at-the-end.csv", csv_bytes([*ROWS, "   "])),
        ("old.csv", csv_bytes(OLD_ROWS, header=OLD_HEADER)),
        (
            "old-capitals.csv",
            csv_bytes(OLD_ROWS, header=OLD_HEADER.title().replace("Starttime", "Start Time")),
        ),
        ("202407-citbike-tripdata.csv.zip", zip_bytes({"202407-citbike-tripdata.csv": csv_bytes(ROWS)})),
        ("named-csv-but-a-zip.csv", zip_bytes({"a.csv": csv_bytes(ROWS)})),
        ("several.zip", zip_bytes({"a_1.csv": csv_bytes(ROWS[:1]), "a_2.csv": csv_bytes(ROWS[1:])})),
        (
            "two-schemas.zip",
            zip_bytes({"a.csv": csv_bytes(ROWS[:2]), "b.csv": csv_bytes(OLD_ROWS[:2], header=OLD_HEADER)}),
        ),
        ("macos.zip", zip_bytes({"a.csv": csv_bytes(ROWS), "__MACOSX/._a.csv": JUNK, "._b.csv": JUNK})),
        (
            "folders.zip",
            zip_bytes({"2024/": b"", "2024/1_January/a_1.csv": csv_bytes(ROWS), "2024/readme.txt": b"hello"}),
        ),
        ("year-of-zips.zip", zip_bytes({"2024/01.zip": zip_bytes({"a.csv": csv_bytes(ROWS)})})),
    ],
)
def test_published_shape_is_read(store: FolderStore, load: Load, name: str, body: bytes) -> None:
    report = load({name: body})
    assert (report.rows, report.kept, report.problems) == (4, 4, {})
    publish(store)
    assert counts(store) == {"2024-01-05 08": 4}


def test_comma_and_line_break_inside_quotes_belong_to_the_value(store: FolderStore, load: Load) -> None:
    times = ("2024-01-05 08:10:00", "2024-01-05 08:20:00")
    rows = [
        ride("000000000000000A", *times, station='"Pier 40, West"'),
        ride("000000000000000B", *times, station='"two\nlines"'),
        ride("000000000000000C", *times, station='"a ""quoted"" name"'),
        ride("000000000000000D", "never", "never"),
    ]
    report = load({"a.csv": csv_bytes(rows)})
    assert (report.rows, report.kept) == (4, 3)


def test_column_order_and_further_columns_do_not_matter(store: FolderStore, load: Load) -> None:
    body = b"colour,ended_at,ride_id,started_at\nred,2024-01-05 08:20:00,X,2024-01-05 08:10:00\n"
    assert load({"a.csv": body}).kept == 1
    publish(store)
    assert counts(store) == {"2024-01-05 08": 1}


def test_name_of_a_file_says_nothing_about_its_months(store: FolderStore, load: Load) -> None:
    load({"199901-wrong.csv": csv_bytes(ROWS)}, month="undated")
    publish(store)
    assert counts(store) == {"2024-01-05 08": 4}
