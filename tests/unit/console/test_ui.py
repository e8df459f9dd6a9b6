"""Results on stdout, everything else on stderr."""

import json

import pytest

from bikecast.names import Target
from console import ui
from console.cloud.outputs import ConsoleOutputs
from console.executions.following import interrupt_hint


def test_json_goes_alone_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with ui.activity("training") as current:
        current.step("Prepare 0:04")
    ui.show({"target": Target.AWS}, as_json=True, table=lambda: "never made")
    assert json.loads(capsys.readouterr().out) == {"target": "aws"}


def test_outputs_have_exactly_the_promised_names() -> None:
    assert list(json.loads(ui.to_json(ConsoleOutputs()))) == [
        "api_url",
        "api_url_https",
        "ca_file",
        "api_key",
        "training_key",
        "retrain_state_machine",
        "ingest_state_machine",
        "monitor_state_machine",
        "buckets",
        "database",
        "log_groups",
        "mlflow_url",
        "mlflow_user",
        "mlflow_password",
        "evidently_url",
        "dashboard_url",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (83, "1:23"), (3_725, "1:02:05")])
def test_durations_read_like_a_clock(seconds: float, text: str) -> None:
    assert ui.elapsed(seconds) == text


@pytest.mark.parametrize(
    ("error", "line"), [(ValueError("broken"), "FAILED training"), (KeyboardInterrupt(), "left training")]
)
def test_an_activity_says_how_it_ended(error: BaseException, line: str) -> None:
    with ui.progress_console.capture() as shown, pytest.raises(type(error)), ui.activity("training"):
        raise error
    assert shown.get().splitlines()[-1].startswith(line)


def test_who_stops_watching_is_told_what_shows_and_what_ends_it() -> None:
    with (
        ui.progress_console.capture() as shown,
        pytest.raises(KeyboardInterrupt),
        interrupt_hint("train-1", shown_by="bikecast runs train-1 --follow"),
    ):
        raise KeyboardInterrupt
    assert "`bikecast runs train-1 --follow` shows it, `bikecast stop train-1` ends it" in shown.get()


def test_brackets_and_colons_in_a_name_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    name = "trips [/bold] [red]1[/red] :smile:.csv"
    ui.show({}, as_json=False, table=lambda: ui.pairs_table({name: name}, title=name))
    ui.show({}, as_json=False, table=lambda: ui.rows_table([{name: name}], title=name))
    ui.show({}, as_json=False, table=lambda: name)
    ui.note(name)
    with ui.activity(name) as current:
        current.step(name)
    printed = capsys.readouterr()
    assert (printed.out.count(name), printed.err.count(name)) == (7, 4)
