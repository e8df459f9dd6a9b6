"""What `bikecast forecast` draws: the newest weeks, the hours ahead with their rain, errors by lead time."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from bikecast.arrays import Array

ROWS = 9
_MOST_HOURS = 4  # in a column: with more, a day loses its shape
_MARGIN = 8  # columns that the axis takes
_WIDEST = 120
_BARS = " ▁▂▃▄▅▆▇█"
_LINE, _BAND, _ACTUAL = "━", "░", "•"
_BAND_STYLE, _LINE_STYLE, _ACTUAL_STYLE, _RAIN_STYLE = "blue", "bold blue", "bold", "cyan"
Values = Sequence[float | None]


class HoursPicture:
    """Hours as columns of text, each the mean of some hours; a narrow terminal shows several parts."""

    def __init__(
        self, times: Sequence[str], values: Mapping[str, Values], *, rain: Values | None = None
    ) -> None:
        self._days = [dt.datetime.fromisoformat(time) for time in times]
        self._values = {name: _array(column) for name, column in values.items()}
        self._rain = None if rain is None or all(inches is None for inches in rain) else _array(rain)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, count = max(min(options.max_width, _WIDEST) - _MARGIN, 8), len(self._days)
        parts = -(-count // (width * _MOST_HOURS))
        length = count if parts == 1 else -(-count // (parts * 24)) * 24
        for first in range(0, count, length):
            last = min(first + length, count)
            columns = max(min(width, last - first) * (last - first) // length, 1)
            yield from self._part(np.linspace(first, last, columns + 1).astype(int))

    def _part(self, edges: Array) -> Iterator[Text]:
        columns = {name: _means(column, edges) for name, column in self._values.items()}
        yield from _grid(columns, float(np.nanmax([np.nanmax(column) for column in self._values.values()])))
        if self._rain is not None:
            yield _rain_row(self._rain, edges)
        yield _day_row(self._days, edges)


def _grid(columns: Mapping[str, Array], most: float) -> list[Text]:
    top = most or 1.0
    rows = {
        name: np.where(np.isfinite(column), np.minimum(column / top * ROWS, ROWS - 1), -1).astype(int)
        for name, column in columns.items()
    }
    labels = {0: "0"} | {row: f"{top * (row + 1) / ROWS:,.0f}" for row in (ROWS // 2, ROWS - 1)}
    lines = []
    for row in range(ROWS - 1, -1, -1):
        line = Text(f"{labels.get(row, ''):>6} │")
        for place in range(len(rows["predicted"])):
            line.append(*_cell({name: int(found[place]) for name, found in rows.items()}, row))
        lines.append(line)
    return lines


def _cell(rows: Mapping[str, int], row: int) -> tuple[str, str]:
    if rows.get("actual") == row:
        return _ACTUAL, _ACTUAL_STYLE
    if rows["predicted"] == row:
        return _LINE, _LINE_STYLE
    return (_BAND, _BAND_STYLE) if rows["low"] <= row <= rows["high"] else (" ", "")


def _rain_row(rain: Array, edges: Array) -> Text:
    heaviest = _largest(rain, edges)
    most = max(float(np.nanmax(rain)), 0.1)
    bars = "".join(_BARS[int(np.ceil(inches / most * (len(_BARS) - 1)))] for inches in heaviest)
    return Text.assemble(f"{most:>4.2f}in │", (bars, _RAIN_STYLE))


def _day_row(days: Sequence[dt.datetime], edges: Array) -> Text:
    """Name the days where their midnight is, as many as there is room for."""
    line = " " * _MARGIN
    for place, (first, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        midnight = next((day for day in days[first:end] if day.hour == 0), None)
        if midnight is not None and len(line) <= _MARGIN + place and place + 5 < len(edges):
            line = line.ljust(_MARGIN + place) + f"{midnight:%m-%d} "
    return Text(line.rstrip(), style="dim")


def _array(values: Values) -> Array:
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)


def _parts(values: Array, edges: Array) -> list[Array]:
    pairs = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return [part[np.isfinite(part)] for part in (values[first:end] for first, end in pairs)]


def _means(values: Array, edges: Array) -> Array:
    return np.asarray([part.mean() if part.size else np.nan for part in _parts(values, edges)])


def _largest(values: Array, edges: Array) -> Array:
    return np.asarray([part.max() if part.size else 0.0 for part in _parts(values, edges)])


def past_picture(recent: Mapping[str, Any] | None) -> RenderableType:
    """Draw the newest hours that the monitor judged."""
    if recent is None:
        return Text("no window was judged yet: `bikecast drift` does, and then they are drawn here")
    title = Text(f"actual (•) and predicted (━) by version {recent['version']}, interval (░)", style="bold")
    names = ("actual", "predicted", "low", "high")
    return Group(title, HoursPicture(recent["time"], {name: recent[name] for name in names}))


def ahead_picture(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Draw predicted hours, and under them rain and snow where they are known by the hour."""
    values = {name: [row[key] for row in rows] for name, key in _COLUMNS.items()}
    picture = HoursPicture([row["date"] for row in rows], values, rain=[row["rain"] for row in rows])
    return Group(Text("predicted (━), interval (░), rain and snow beneath", style="bold"), picture)


_COLUMNS = {"predicted": "prediction", "low": "low", "high": "high"}


def leads_picture(leads: Mapping[str, Any]) -> RenderableType:
    """Draw the holdout's RMSE by the age of the weather forecast, with the interval's coverage."""
    if not leads:
        return Text("")
    most = max(each["hourly"]["rmse"] for each in leads.values())
    lines = [Text("holdout: RMSE, and share inside the interval, by age of the forecast", style="bold")]
    for name, each in leads.items():
        scores = each["hourly"]
        bar = "█" * max(round(14 * scores["rmse"] / most), 1)
        short = name.replace(" before the day", "").replace("midnight", "0 h")
        numbers = f"{scores['rmse']:6,.0f}{_covered(scores)}"
        lines.append(Text.assemble(f"{short:>8} ", (f"{bar:14}", _LINE_STYLE), numbers))
    return Group(*lines)


def _covered(scores: Mapping[str, Any]) -> str:
    return "" if scores["coverage"] is None else f" {scores['coverage']:6.1%}"
