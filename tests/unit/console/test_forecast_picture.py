"""What `bikecast forecast` draws fits the terminal and shows what the numbers say."""

import datetime as dt
from typing import Any

import pytest
from rich.console import Console, RenderableType

from use_cases.citibike.console.forecast_picture import ROWS, ahead_picture, leads_picture, past_picture

FIRST = dt.datetime(2025, 4, 1)


def drawn(picture: RenderableType, width: int) -> list[str]:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(picture)
    return capture.get().splitlines()


def hours_ahead(count: int, *, rain: float | None = None) -> list[dict[str, object]]:
    return [
        {
            "date": str(FIRST + dt.timedelta(hours=hour)),
            "prediction": 100.0 * (hour + 1),
            "low": 90.0 * (hour + 1),
            "high": 110.0 * (hour + 1),
            "rain": rain if rain is None else rain * (hour >= count // 2),
        }
        for hour in range(count)
    ]


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("count", [24, 168])
def test_a_picture_is_no_wider_than_the_terminal(width: int, count: int) -> None:
    lines = drawn(ahead_picture(hours_ahead(count, rain=0.2)), width)
    assert max(map(len, lines)) <= width


def test_a_day_is_drawn_hour_by_hour_with_its_rain_beneath() -> None:
    lines = drawn(ahead_picture(hours_ahead(24, rain=0.2)), 80)
    grid, rain, days = lines[1 : 1 + ROWS], lines[1 + ROWS], lines[2 + ROWS]
    assert sum(line.count("━") for line in grid) == 24
    assert grid[0].endswith("━")
    assert rain == "0.20in │" + " " * 12 + "█" * 12
    assert days.strip() == "04-01"


def test_rain_that_is_not_known_by_the_hour_has_no_row() -> None:
    assert not [line for line in drawn(ahead_picture(hours_ahead(24)), 80) if "in │" in line]


def test_a_narrow_terminal_shows_a_week_in_parts() -> None:
    assert sum(line.startswith("     0 │") for line in drawn(ahead_picture(hours_ahead(168)), 40)) == 2
    assert sum(line.startswith("     0 │") for line in drawn(ahead_picture(hours_ahead(168)), 100)) == 1


def test_unknown_values_of_the_past_are_left_out() -> None:
    recent: dict[str, Any] = {"version": "3", "time": ["2025-03-30T00:00", "2025-03-30T01:00"]}
    recent |= {"actual": [None, 50.0], "predicted": [40.0, 45.0], "low": [None, 30.0], "high": [None, 60.0]}
    text = "\n".join(drawn(past_picture(recent), 60)[1:])
    assert (text.count("•"), text.count("━")) == (1, 2)
    assert "bikecast drift" in drawn(past_picture(None), 120)[0]


def test_errors_by_lead_are_bars_in_their_proportion_with_their_coverage() -> None:
    leads = {
        "observed": {"hourly": {"rmse": 500.0, "coverage": 0.91}},
        "168 h before the day": {"hourly": {"rmse": 1000.0, "coverage": None}},
    }
    lines = drawn(leads_picture(leads), 100)[1:]
    assert [line.count("█") for line in lines] == [7, 14]
    assert lines[0].endswith("500  91.0%")
    assert lines[1].split()[0] == "168"
