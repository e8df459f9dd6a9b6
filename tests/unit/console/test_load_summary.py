"""The summary of a load says what is counted, and where refused rows are."""

from console.data.row_loading import row_report
from use_cases.citibike.console.files.summary import load_summary

REPORT = {
    "status": "complete",
    "simulated": False,
    "rows": 84_905,
    "kept": 84_461,
    "trips": 136_492,
    "refused": {"repeated_row": 400, "bad_times": 44},
    "problems": {},
    "quarantine": ["s3://data/quarantine/a.parquet"],
    "coverage": {"hours_missing": 0, "last_hour": "2024-03-31T23:00:00"},
    "notes": {"a.csv": ["times converted", "a column is missing"]},
    "weather_forecasts": [],
}


def test_rows_of_the_files_and_trips_of_the_months_are_told_apart() -> None:
    summary = load_summary(REPORT)
    assert summary["rows kept of them"] == "84,461"
    assert summary["trips in the months just counted, with those of earlier loads"] == "136,492"
    assert summary["refused: repeated_row"] == "400"
    assert summary["notes: a.csv"] == "times converted; a column is missing"
    assert not {name for name in summary if name.startswith(("problems", "weather_forecasts"))}


def test_refused_rows_are_named_with_their_place() -> None:
    summary = load_summary(REPORT)
    assert summary["refused rows, with line and reason"] == "s3://data/quarantine/a.parquet"
    many = load_summary({"quarantine": [f"s3://data/quarantine/{number}" for number in range(40)]})
    [places] = many.values()
    assert places.splitlines()[-1] == "and 37 more files beside them"


def test_rows_that_bring_nothing_new_and_unknown_levels_are_told() -> None:
    file = {"unknown_levels": {"paid by": {"Bitcoin": 40, "Gold": 2}}}
    part = {"rows": 100, "repeated": 30, "replaced": 5}
    numbers = {"rows": 100, "kept": 100, "refused": {}, "problems": {}, "unchanged": []}
    report = {"status": "complete", "simulated": False, "files": [file, file], "partitions": {"all": part}}
    shown = row_report(report | numbers)
    assert shown["unknown levels, kept as missing"] == "paid by: 'Bitcoin' 80x, 'Gold' 4x"
    assert shown["in the table already"] == 30
    assert shown["newer than the row of the same key"] == 5
