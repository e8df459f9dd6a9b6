"""The command line as people and scripts meet it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from console.__main__ import COMMANDS, app
from console.exit_codes import exit_codes_text
from console.settings import CLONE

PROGRAM = Path(sys.executable).with_name("bikecast")
WITHOUT_RESULT = {"logs"}


@pytest.fixture
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIKECAST_LOCAL_STATE_DIR", str(tmp_path))


def bikecast(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(PROGRAM), *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_no_command_waits_for_the_libraries_of_another() -> None:
    look = "import sys, console.__main__; print({'numpy', 'pandas', 'pyarrow', 'boto3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", [command.__name__.replace("_", "-") for _, command in COMMANDS])
def test_every_command_teaches_and_speaks_json(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]  # Typer builds a group
    assert "--json" in {option for parameter in command.params for option in parameter.opts}
    assert name in {"down"} or "xample" in command.help


def test_help_lists_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    assert all(command.__name__.replace("_", "-") in shown for _, command in COMMANDS)


@pytest.mark.usefixtures("nothing_runs")
def test_outputs_are_null_while_nothing_runs() -> None:
    done = bikecast("outputs", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["api_url"] is None
    assert "bikecast up" in done.stderr


@pytest.mark.usefixtures("nothing_runs")
def test_a_refusal_is_one_sentence_and_a_json_object() -> None:
    done = bikecast("champion", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"] == "NoCloudError"
    assert done.stderr.startswith("error: no embedded cloud runs in this clone")
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("nothing_runs")
def test_status_of_nothing_ends_with_3() -> None:
    done = bikecast("status", "--json")
    assert (done.returncode, json.loads(done.stdout)["processes"]) == (3, [])


@pytest.mark.parametrize("page", ["README.md", "docs/commands.md"])
def test_exit_codes_are_one_list_in_help_and_documents(page: str) -> None:
    assert f"Exit codes: {exit_codes_text()}." in " ".join(str(app.registered_callback.help).split())  # type: ignore[union-attr]  # it is registered
    assert exit_codes_text() in " ".join((CLONE / page).read_text().split())


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("raw", ["{", "[1]", "[" * 100_000, '{"use_case": "obesity"}'], ids="abcd")
def test_a_request_that_is_no_object_is_refused_before_anything_starts(raw: str) -> None:
    done = bikecast("train", "--input", raw)
    assert done.returncode == 2
    assert "--input" in done.stderr


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("others", [[], ["--from", "2025-01-06"]])
def test_weeks_without_an_end_are_refused(others: list[str]) -> None:
    done = bikecast("drift", "--weeks", "3", *others)
    assert done.returncode == 2
    assert "--weeks counts back from --to" in done.stderr


@pytest.mark.parametrize("place", ["/dev/null/below", "/proc/1"])
def test_a_folder_that_cannot_be_written_is_one_line(place: str) -> None:
    done = bikecast("simulate", place, "--to", "2024-01-02")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: {place}")
    assert "Traceback" not in done.stderr


def test_the_version_is_told() -> None:
    assert bikecast("--version").stdout.startswith("bikecast 0.")


@pytest.mark.parametrize(
    "wrong",
    [
        ("no-such-command",),
        ("train", "--trials", "many"),
        ("simulate", __file__, "--to", "2024-01-02"),
    ],
)
@pytest.mark.usefixtures("nothing_runs")
def test_wrong_use_is_told_in_a_few_words_and_ends_with_2(wrong: tuple[str, ...]) -> None:
    done = bikecast(*wrong)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize(
    "words",
    [
        ["outlook"],
        ["load", "s3://a/b"],
        ["train", "--start", "2024-01-01"],
        ["predict", "--tmax", "60"],
    ],
)
def test_what_only_hourly_demand_has_is_refused_for_other_use_cases(words: list[str]) -> None:
    done = bikecast("--use-case", "obesity", *words)
    assert done.returncode == 2
    assert "about hourly demand only, not about obesity" in done.stderr
