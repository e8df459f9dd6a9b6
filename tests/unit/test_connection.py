"""How clients find the embedded cloud: credentials stay, and the last start's settings are found again."""

import socket
from pathlib import Path

import pytest

from bikecast.errors import DeploymentError
from local_cloud import connection
from local_cloud.connection import Connection
from local_cloud.ports import require_free
from local_cloud.remembered import recall, remember
from local_cloud.settings import LocalCloudSettings


def saved(settings: LocalCloudSettings) -> Connection:
    planned = connection.plan(settings)
    connection.save(settings, planned)
    return planned


def test_credentials_are_made_once(tmp_path: Path) -> None:
    settings = LocalCloudSettings(state_dir=tmp_path)
    assert saved(settings) == connection.plan(settings) == connection.load(tmp_path)


def test_nobody_finds_a_cloud_that_was_only_planned(tmp_path: Path) -> None:
    connection.plan(LocalCloudSettings(state_dir=tmp_path))
    assert not connection.exists(tmp_path)


def test_a_terminal_without_variables_finds_the_ports_of_the_last_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIKECAST_LOCAL_PORT", "4599")
    monkeypatch.setenv("BIKECAST_LOCAL_MLFLOW_PORT", "5999")
    remember(LocalCloudSettings(state_dir=tmp_path, packages_dir=tmp_path / "packages"))
    monkeypatch.delenv("BIKECAST_LOCAL_PORT")
    monkeypatch.setenv("BIKECAST_LOCAL_MLFLOW_PORT", "5998")
    found = recall(LocalCloudSettings(state_dir=tmp_path))
    assert (found.port, found.mlflow_port, found.packages_dir) == (4599, 5998, tmp_path / "packages")


def test_remembered_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"port": 1}')
    with pytest.raises(DeploymentError, match=r"settings\.json is damaged"):
        recall(LocalCloudSettings(state_dir=tmp_path))


def test_tls_is_open_only_where_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIKECAST_LOCAL_HTTPS_PORT", "4599")
    settings = LocalCloudSettings(state_dir=tmp_path)
    assert saved(settings).https_url is None
    remember(settings.model_copy(update={"https": True}))
    asked = recall(LocalCloudSettings(state_dir=tmp_path))
    assert saved(asked).https_url == "https://127.0.0.1:4599"
    assert connection.load(tmp_path).ca_file == tmp_path / "emulator/tls/ca.pem"
    remember(asked.model_copy(update={"https": False}))
    assert saved(recall(LocalCloudSettings(state_dir=tmp_path))).https_url is None
    assert connection.load(tmp_path).ca_file is None


def test_all_ports_that_are_taken_or_chosen_twice_are_named_at_once() -> None:
    with socket.socket() as one, socket.socket() as other:
        for held in (one, other):
            held.bind(("127.0.0.1", 0))
            held.listen()
        taken = {"port": one.getsockname()[1], "database_port": other.getsockname()[1]}
        with pytest.raises(DeploymentError) as caught:
            require_free(taken | {"mlflow_port": 1023, "evidently_port": 1023})
    said = str(caught.value)
    assert all(f"port {port} for" in said for port in taken.values())
    assert "port 1023 is chosen more than once" in said
    assert "Nothing was changed" in said
