"""An embedded cloud of the tests' own: deployed, loaded and trained once a session."""

import signal
from collections.abc import Iterator

import pytest

from tests.deployment import Deployment, deployed


def pytest_configure() -> None:
    """Being asked to stop ends the tests as Ctrl-C does, so that no cloud is left running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Deployment]:
    """A deployed cloud with simulated data and a first champion; gone when the session ends."""
    with deployed(logs="e2e-logs") as cloud:
        cloud.bikecast("load", "--simulate")
        cloud.trained = cloud.bikecast("train", "--trials", "4")
        yield cloud
