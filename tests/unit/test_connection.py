"""How clients reach the embedded cloud: credentials stay, and so does TLS until somebody closes it."""

from pathlib import Path

from local_cloud.connection import ensure, load
from local_cloud.settings import LocalCloudSettings


def test_tls_stays_open_until_it_is_closed(tmp_path: Path) -> None:
    def reached(https_port: int | None) -> str | None:
        return ensure(LocalCloudSettings(state_dir=tmp_path, https_port=https_port)).https_url

    assert reached(None) is None
    assert reached(4567) == "https://127.0.0.1:4567"
    assert reached(None) == "https://127.0.0.1:4567"
    assert load(tmp_path).ca_file == tmp_path / "emulator/tls/ca.pem"
    assert reached(0) is None
    assert load(tmp_path).ca_file is None


def test_credentials_are_made_once(tmp_path: Path) -> None:
    settings = LocalCloudSettings(state_dir=tmp_path)
    assert ensure(settings) == ensure(settings)
