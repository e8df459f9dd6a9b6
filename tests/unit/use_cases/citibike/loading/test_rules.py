"""Every rule by which a row is kept or refused, and what the report says of it."""

import datetime as dt

import pandas as pd
import pytest

from bikecast.names import Prefix
from bikecast.storage import FolderStore
from bikecast.yearly import read_parquet
from tests.unit.use_cases.citibike.loading.conftest import Load
from tests.unit.use_cases.citibike.loading.tables import counts, publish
from tests.unit.use_cases.citibike.loading.trips import OLD_HEADER, bike_ride, csv_bytes, hour_of_rides, ride
from use_cases.citibike.tables.hourly import write_hourly
from use_cases.citibike.trips.rules import Reason
from use_cases.citibike.wall_time import wall_hours

A, B, C = "AAAAAAAAAAAAAAA1", "AAAAAAAAAAAAAAA2", "AAAAAAAAAAAAAAA3"


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        ("yesterday", "2024-01-05 08:20:00", Reason.UNPARSABLE_TIME),
        ("2024-01-05 08:10:00", "", Reason.UNPARSABLE_TIME),
        ("2024-01-05", "2024-01-05 00:20:00", Reason.UNPARSABLE_TIME),
        ("2024-13-05 08:10:00", "2024-01-05 08:20:00", Reason.UNPARSABLE_TIME),
        ("1970-01-05 08:10:00", "1970-01-05 08:20:00", Reason.TIME_OUT_OF_RANGE),
        ("2024-01-05 08:10:00", "2024-01-05 08:09:59", Reason.ENDS_BEFORE_START),
        ("2024-01-05 08:10:00", "2024-01-05 08:10:00", Reason.NO_DURATION),
        ("2024-01-05 08:10:00", "2024-01-05 09:10:00", Reason.SIXTY_MINUTES_OR_MORE),
        ("2024-01-05 08:10:00.000", "2024-01-05 09:10:00.001", Reason.SIXTY_MINUTES_OR_MORE),
        ("2024-01-05 08:10:00", "2024-03-01 08:10:00", Reason.SIXTY_MINUTES_OR_MORE),
    ],
)
def test_refused_row_is_counted_and_quarantined(
    store: FolderStore, load: Load, start: str, end: str, reason: Reason
) -> None:
    report = load({"a.csv": csv_bytes([*hour_of_rides("2024-01-05 08", 3), ride(A, start, end)])})
    assert (report.rows, report.kept, report.refused) == (4, 3, {reason: 1})
    (key,) = store.keys(Prefix.QUARANTINE)
    refused = read_parquet(store, key)
    assert refused is not None
    assert refused[["file", "line", "reason"]].to_dict("records") == [
        {"file": "a.csv", "line": 5, "reason": reason}
    ]
    assert start in refused["text"].iloc[0]


@pytest.mark.parametrize(
    ("start", "end", "hour"),
    [
        ("2024-01-05 08:10:00", "2024-01-05 08:10:01", "2024-01-05 08"),
        ("2024-01-05 08:10:00", "2024-01-05 09:09:59", "2024-01-05 08"),
        ("2024-01-05 08:59:59.999", "2024-01-05 09:09:59.1", "2024-01-05 08"),
        ("2024-01-31 23:59:59.9996", "2024-02-01 00:10:00.0000", "2024-01-31 23"),
        ("2024-01-05T08:10:00", "2024-01-05T08:20:00", "2024-01-05 08"),
        ("1/5/2024 8:10", "1/5/2024 8:20", "2024-01-05 08"),
        ("01/05/2024 08:10:12", "01/05/2024 08:20:12", "2024-01-05 08"),
        ("2024-01-05 08:10", "2024-01-05 08:20", "2024-01-05 08"),
    ],
)
def test_trip_counts_in_the_hour_it_starts(
    store: FolderStore, load: Load, start: str, end: str, hour: str
) -> None:
    assert load({"a.csv": csv_bytes([ride(A, start, end)])}).kept == 1
    publish(store)
    assert counts(store) == {hour: 1}


def test_rides_under_a_minute_and_without_an_end_station_are_kept(store: FolderStore, load: Load) -> None:
    rows = [ride(A, "2024-01-05 08:10:00", "2024-01-05 08:10:40").replace("E 5 St,2.2", ",")]
    assert load({"a.csv": csv_bytes(rows)}).kept == 1
    assert publish(store).under_60_s == 1


def test_repeated_row_and_repeated_ride_are_told_apart(store: FolderStore, load: Load) -> None:
    rows = [
        ride(A, "2024-01-05 08:10:00", "2024-01-05 08:20:00"),
        ride(A, "2024-01-05 08:10:00", "2024-01-05 08:20:00"),
        ride(B, "2024-01-05 09:10:00", "2024-01-05 09:20:00"),
        ride(B, "2024-01-05 07:10:00", "2024-01-05 07:20:00"),
    ]
    report = load({"a.csv": csv_bytes(rows)})
    assert report.refused == {Reason.REPEATED_ROW: 1, Reason.REPEATED_RIDE_ID: 1}
    publish(store)
    assert counts(store) == {"2024-01-05 07": 1, "2024-01-05 08": 1}


def test_old_rides_are_the_same_by_bike_and_times_in_any_spelling(store: FolderStore, load: Load) -> None:
    rows = [
        bike_ride(14529, "2015-01-05 08:10:00", "2015-01-05 08:20:00"),
        bike_ride(14530, "2015-01-05 08:10:00", "2015-01-05 08:20:00"),
        bike_ride(14529, "1/5/2015 8:10", "1/5/2015 8:20"),
        bike_ride(14529, "2015-01-05 08:40:00", "2015-01-05 08:50:00"),
    ]
    report = load({"a.csv": csv_bytes(rows, header=OLD_HEADER)})
    assert (report.kept, report.refused) == (3, {Reason.REPEATED_ROW: 1})


def test_rides_without_an_id_are_told_apart_by_their_other_columns(store: FolderStore, load: Load) -> None:
    row = ride("", "2024-01-05 08:10:00", "2024-01-05 08:20:00")
    elsewhere = ride("", "2024-01-05 08:10:00", "2024-01-05 08:20:00", station="Broadway")
    report = load({"a.csv": csv_bytes([row, row, elsewhere])})
    assert (report.kept, report.refused) == (2, {Reason.REPEATED_ROW: 1})


def test_last_hour_of_a_month_from_two_files_is_summed(store: FolderStore, load: Load) -> None:
    load({"202401.csv": csv_bytes(hour_of_rides("2024-01-31 23", 30))}, month="2024-01")
    load(
        {
            "202402.csv": csv_bytes(
                [
                    *hour_of_rides("2024-01-31 23", 7, first=1000),
                    *hour_of_rides("2024-02-01 00", 5, first=2000),
                ]
            )
        },
        month="2024-02",
    )
    publish(store)
    publish(store, ["2024-02"])
    assert counts(store) == {"2024-01-31 23": 37, "2024-02-01 00": 5}


def test_strays_do_not_replace_a_month_that_came_as_a_table(store: FolderStore, load: Load) -> None:
    hours = wall_hours(dt.date(2024, 1, 1), dt.date(2024, 1, 31))
    january = pd.DataFrame({"date": hours.normalize(), "hour": hours.hour, "trips": 50, "holiday": 0})
    write_hourly(store, january)
    february = [*hour_of_rides("2024-01-31 23", 7), *hour_of_rides("2024-02-01 00", 5, first=1000)]
    load({"202402.csv": csv_bytes(february)}, month="2024-02")
    report = publish(store)
    table = counts(store)
    assert (table["2024-01-31 23"], table["2024-02-01 00"], len(table)) == (50, 5, 745)
    assert report.coverage.partial_months == {"2024-01": 7, "2024-02": 5}


def test_repeated_hour_of_autumn_is_one_wall_clock_hour(store: FolderStore, load: Load) -> None:
    rows = [
        ride(A, "2024-11-03 01:10:00", "2024-11-03 01:20:00"),  # summer time
        ride(B, "2024-11-03 01:10:00", "2024-11-03 01:20:00"),  # an hour later, winter time
        ride(C, "2024-11-03 01:50:00", "2024-11-03 01:05:00"),  # across the change
    ]
    report = load({"a.csv": csv_bytes(rows)})
    assert (report.kept, report.refused) == (3, {})
    publish(store)
    assert counts(store) == {"2024-11-03 01": 3}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-11-03 01:50:00", "2024-11-03 00:55:00"),  # before the repeated hour
        ("2024-11-10 01:50:00", "2024-11-10 01:05:00"),  # a week later
        ("2024-11-03 02:50:00", "2024-11-03 02:05:00"),
    ],
)
def test_only_the_repeated_hour_explains_an_end_before_the_start(load: Load, start: str, end: str) -> None:
    rows = [*hour_of_rides("2024-11-05 08", 3), ride(A, start, end)]
    assert load({"a.csv": csv_bytes(rows)}).refused == {Reason.ENDS_BEFORE_START: 1}


def test_hour_that_spring_skips_is_not_missing(store: FolderStore, load: Load) -> None:
    hours = [f"2024-03-{day:02d} {hour:02d}" for day in (9, 10, 11) for hour in range(24)]
    rows = [hour_of_rides(hour, 1, first=n)[0] for n, hour in enumerate(hours) if hour != "2024-03-10 02"]
    load({"a.csv": csv_bytes(rows)})
    assert publish(store).coverage.hours_missing == 0


def test_missing_hours_are_named_by_day(store: FolderStore, load: Load) -> None:
    hours = [f"2024-03-{day:02d} {hour:02d}" for day in (4, 5, 6) for hour in range(24)]
    rows = [hour_of_rides(hour, 1, first=n)[0] for n, hour in enumerate(hours) if hour != "2024-03-05 17"]
    load({"a.csv": csv_bytes(rows)})
    coverage = publish(store).coverage
    assert (coverage.hours_missing, coverage.days_with_missing_hours) == (1, "2024-03-05")


def test_malformed_rows_keep_the_line_numbers_of_the_others(store: FolderStore, load: Load) -> None:
    rows = [
        ride(A, "2024-01-05 08:10:00", "2024-01-05 08:20:00"),
        "only,three,columns",
        ride(B, "never", "2024-01-05 08:20:00"),
        ride(B, "2024-01-05 08:10:00", "2024-01-05 08:20:00") + ",one,more",
        ride(C, "never", "2024-01-05 08:20:00"),
    ]
    report = load({"a.csv": csv_bytes([*rows, *hour_of_rides("2024-01-06 08", 90)])})
    assert (report.rows, report.kept) == (95, 91)
    refused = read_parquet(store, next(iter(store.keys(Prefix.QUARANTINE))))
    assert refused is not None
    assert dict(zip(refused["line"], refused["reason"], strict=True)) == {
        3: Reason.MALFORMED_ROW,
        4: Reason.UNPARSABLE_TIME,
        5: Reason.MALFORMED_ROW,
        6: Reason.UNPARSABLE_TIME,
    }


def test_line_breaks_in_values_and_blank_lines_do_not_shift_the_lines_of_refused_rows(
    store: FolderStore, load: Load
) -> None:
    split = ride(A, "2024-01-05 08:10:00", "2024-01-05 08:20:00", station='"W 21\nSt"')
    rows = [split, "", ride(B, "never", "never"), "only,three,columns", ride(C, "never", "never")]
    report = load({"a.csv": csv_bytes([*rows, *hour_of_rides("2024-01-06 08", 90)])})
    assert (report.rows, report.kept) == (94, 91)
    refused = read_parquet(store, next(iter(store.keys(Prefix.QUARANTINE))))
    assert refused is not None
    assert dict(zip(refused["line"], refused["reason"], strict=True)) == {
        5: Reason.UNPARSABLE_TIME,
        6: Reason.MALFORMED_ROW,
        7: Reason.UNPARSABLE_TIME,
    }
