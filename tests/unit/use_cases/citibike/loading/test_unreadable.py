"""Files that are not trip files fail with a reason, and the table keeps its last good state."""

import gzip
import io
import random
import re
import struct
import zipfile

import pytest

from bikecast.names import Prefix
from bikecast.storage import FolderStore
from bikecast.tabular.archives import Limits
from tests.unit.use_cases.citibike.loading.conftest import Load
from tests.unit.use_cases.citibike.loading.tables import counts, publish
from tests.unit.use_cases.citibike.loading.trips import csv_bytes, hour_of_rides, zip_bytes

ROWS = hour_of_rides("2024-01-05 08", 40)
GOOD = csv_bytes(ROWS)
LONG = 10_000_000
WEB_PAGE = b"<!DOCTYPE html>\n<html><body><h1>503 Service Unavailable</h1></body></html>\n"
CONFLICT = b"<<<<<<< HEAD\n" + GOOD + b"=======\n" + GOOD + b">>>>>>> theirs\n"
LATE_CONFLICT = csv_bytes([*ROWS, "<<<<<<< HEAD", *ROWS, "=======", *ROWS, ">>>>>>> theirs"])


def encrypted() -> bytes:
    """Return a zip whose member claims to be encrypted."""
    body = bytearray(zip_bytes({"a.csv": GOOD}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.find(signature) + offset] |= 1
    return bytes(body)


def understated() -> bytes:
    """Return a zip whose member unpacks to more than it declares."""
    body = bytearray(zip_bytes({"a.csv": csv_bytes([*ROWS] * 200)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = body.find(signature) + offset
        body[start : start + 4] = struct.pack("<I", 500)
    return bytes(body)


def leaving(path: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(path), GOOD)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (GOOD.split(b"\n")[0] + b"\n", "no row"),
        (WEB_PAGE, "web page"),
        (b"  <?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", "web page"),
        (CONFLICT, "merge-conflict"),
        (LATE_CONFLICT, "merge-conflict"),
        (LATE_CONFLICT.replace(b"\n", b"\r\n"), "merge-conflict"),
        (random.Random(1).randbytes(100_000), "binary"),
        (b"\x00" * 1000, "binary"),
        (GOOD.decode().encode("utf-16-le"), "binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "Excel workbook"),
        (zip_bytes({"xl/workbook.xml": b"<workbook/>", "[Content_Types].xml": b""}), "Excel workbook"),
        (gzip.compress(GOOD, mtime=0)[:-40], "gzip is damaged or cut short"),
        (gzip.compress(b"0" * 100_000_000, mtime=0), "gzip unpacks to more"),
        (b"date,hour,trips\n2024-01-01,0,17\n", "neither schema"),
        (b"x" * LONG, "first line"),
        (b"x" * LONG + b"\n" + GOOD, "first line"),
        (csv_bytes(["not,a,trip"] * 5_000), "another format"),
        (zip_bytes({"a.csv": GOOD})[:-30], "damaged or cut short"),
        (zip_bytes({"a.csv": GOOD})[:100], "damaged or cut short"),
        (zip_bytes({}), "no CSV file"),
        (zip_bytes({"readme.txt": b"hello"}), "no CSV file"),
        (zip_bytes({"a.csv": WEB_PAGE}), "a.csv: the file is a web page"),
        (zip_bytes({"a.csv": GOOD, "b.csv": b""}), "b.csv: the file is empty"),
        (encrypted(), "encrypted"),
        (understated(), "cannot be unpacked"),
        (leaving("../../etc/cron.d/trips.csv"), "leaves the zip"),
        (leaving("/etc/trips.csv"), "leaves the zip"),
        (leaving("..\\trips.csv"), "leaves the zip"),
        (leaving("C:/trips.csv"), "leaves the zip"),
        (zip_bytes({"a.csv": b"0" * 100_000_000}), "unpacks .* times its size"),
        (zip_bytes({"a.zip": zip_bytes({"b.zip": zip_bytes({"c.csv": GOOD})})}), "nested"),
    ],
)
def test_unreadable_file_fails_its_month_and_leaves_the_table(
    store: FolderStore, load: Load, body: bytes, reason: str
) -> None:
    load({"202401.csv": GOOD})
    publish(store)
    before = counts(store)
    report = load(
        {"202401.csv": body, "further.csv": csv_bytes(hour_of_rides("2024-01-05 09", 5, first=500))}
    )
    assert re.search(reason, report.problems["202401.csv"])
    loaded = publish(store)
    assert loaded.status == "incomplete"
    assert "another file" in loaded.problems["further.csv"]
    assert counts(store) == before


def test_other_months_go_on(store: FolderStore, load: Load) -> None:
    load({"202401.csv": WEB_PAGE}, month="2024-01")
    load({"202402.csv": csv_bytes(hour_of_rides("2024-02-05 08", 3))}, month="2024-02")
    report = publish(store)
    assert counts(store) == {"2024-02-05 08": 3}
    assert list(report.problems) == ["202401.csv"]


def test_mended_file_heals_its_month(store: FolderStore, load: Load) -> None:
    load({"202401.csv": WEB_PAGE})
    load({"202401.csv": GOOD})
    report = publish(store)
    assert (report.status, report.problems) == ("complete", {})
    assert counts(store) == {"2024-01-05 08": 40}


@pytest.mark.parametrize("length", [300_000, LONG, 5 * LONG])
@pytest.mark.parametrize("filling", ["x", ",", '"'])
def test_endless_line_costs_one_row(store: FolderStore, load: Load, length: int, filling: str) -> None:
    rows = [*ROWS[:20], filling * length, *ROWS[20:]]
    report = load({"a.csv": csv_bytes(rows)})
    assert (report.rows, report.kept, report.problems) == (41, 40, {})


@pytest.mark.parametrize("where", [0, 20, 39])
def test_open_quote_costs_one_row_and_not_the_rest_of_the_file(
    store: FolderStore, load: Load, where: int
) -> None:
    rows = [row if number != where else row.replace("W 21 St", '"W 21 St') for number, row in enumerate(ROWS)]
    report = load({"a.csv": csv_bytes(rows)})
    assert (report.rows, report.kept, report.problems) == (40, 39, {})


def test_carriage_returns_inside_lines_cost_their_rows_and_no_others(store: FolderStore, load: Load) -> None:
    in_value = ROWS[2].replace("W 21 St", '"W 21\rSt"')
    two_in_one = f"{ROWS[3]}\r{ROWS[4]}"
    report = load({"a.csv": csv_bytes([*ROWS[:2], in_value, two_in_one, *ROWS[5:]])})
    assert (report.rows, report.kept, report.problems) == (39, 38, {})


def test_line_ends_of_two_kinds_that_hide_rows_are_refused_by_name(store: FolderStore, load: Load) -> None:
    lines = "".join(row + ("\r" if n % 3 else "\n") for n, row in enumerate(ROWS))
    report = load({"a.csv": csv_bytes([]) + lines.encode()})
    assert "rows cannot be read" in report.problems["a.csv"]


def test_other_encodings_cost_a_row_only_where_they_hide_its_times(store: FolderStore, load: Load) -> None:
    in_name = ROWS[2].replace("W 21 St", "Caf\xe9")
    in_time = ROWS[3].replace(" 08:03", "\xe908:03")
    body = csv_bytes([*ROWS[:2], in_name, in_time]).decode().encode("latin-1")
    report = load({"a.csv": body})
    assert (report.rows, report.kept) == (4, 3)


def test_bounds_of_a_zip_are_stated_and_kept(store: FolderStore, load: Load) -> None:
    body = zip_bytes({f"{n}.csv": GOOD for n in range(5)})
    assert "at most 4 are read" in load({"a.zip": body}, limits=Limits(members=4)).problems["a.zip"]
    small = Limits(total_bytes=10_000)
    assert "at most 10,000 are read" in load({"a.zip": body}, limits=small).problems["a.zip"]


def test_nothing_is_written_outside_the_store(store: FolderStore, load: Load) -> None:
    load({"a.zip": leaving("../escaped.csv")})
    assert not list(store.root.parent.rglob("escaped.csv"))
    assert not list(store.keys(Prefix.QUARANTINE))
