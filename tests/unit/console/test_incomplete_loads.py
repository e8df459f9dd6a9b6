"""A load that left something out does not look like success to a script."""

import pytest
import typer

from console.data.load_commands import require_complete


def test_an_incomplete_load_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        require_complete({"status": "incomplete", "problems": {"raw/a.zip": "truncated"}})
    assert ended.value.exit_code == 1
    assert "problems" in capsys.readouterr().err


@pytest.mark.parametrize("report", [{"status": "complete"}, {"hourly": [], "weather": []}])
def test_a_complete_load_ends_well(report: dict[str, object]) -> None:
    require_complete(report)
