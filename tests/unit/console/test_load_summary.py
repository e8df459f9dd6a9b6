"""The summary of a load says what is counted, and where refused rows are."""

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
