"""Results on stdout, everything else on stderr."""

import json

import pytest

from bikecast.names import Target
from console import ui
from console.outputs import ConsoleOutputs


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
        "retrain_state_machine",
        "ingest_state_machine",
        "monitor_state_machine",
        "buckets",
        "database",
        "log_groups",
        "mlflow_url",
        "evidently_url",
        "dashboard_url",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (83, "1:23"), (3_725, "1:02:05")])
def test_durations_read_like_a_clock(seconds: float, text: str) -> None:
    assert ui.elapsed(seconds) == text


def test_an_activity_says_how_it_ended() -> None:
    with (
        ui.progress_console.capture() as shown,
        pytest.raises(ValueError, match="broken"),
        ui.activity("deploy"),
    ):
        raise ValueError("broken")
    assert "FAILED deploy" in shown.get()
