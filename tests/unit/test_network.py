"""Loopback goes through no proxy; other hosts go where the user's environment says."""

import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud.network import direct_loopback, keep_loopback_direct, network_environment

HOSTS = st.lists(st.sampled_from(["10.0.0.1", ".corp", "example.org", "", " intern "]), max_size=4)


@given(lower=HOSTS, upper=HOSTS)
def test_hosts_that_were_exempt_stay_so_and_loopback_joins_them(lower: list[str], upper: list[str]) -> None:
    environment = {"no_proxy": ",".join(lower), "NO_PROXY": ",".join(upper)}
    found = direct_loopback(environment)
    assert found["no_proxy"] == found["NO_PROXY"]
    kept = {host.strip() for host in (*lower, *upper) if host.strip()}
    assert set(found["no_proxy"].split(",")) == kept | {"127.0.0.1", "localhost", "::1"}
    assert direct_loopback(found) == found


def test_a_star_still_means_every_host() -> None:
    assert direct_loopback({"NO_PROXY": "*"}) == {"no_proxy": "*", "NO_PROXY": "*"}


def test_this_process_and_its_programs_go_to_loopback_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    for name in ("no_proxy", "NO_PROXY"):  # undone with the test
        monkeypatch.setenv(name, "")
    keep_loopback_direct()
    assert urllib.request.proxy_bypass("127.0.0.1:4566")
    assert not urllib.request.proxy_bypass("example.org")
    passed_on = network_environment()
    assert passed_on["HTTP_PROXY"] == "http://proxy.invalid:9"
    assert passed_on["REQUESTS_CA_BUNDLE"] == "/etc/company.pem"
    assert "127.0.0.1" in passed_on["NO_PROXY"]
    assert "s3cret" not in passed_on.values()
