"""An embedded cloud of the tests' own: deployed, loaded and trained once a session."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deployment import Deployment, deployed, eventually

APPROVED_BECAUSE = "every baseline is beaten"


def pytest_configure() -> None:
    """Being asked to stop ends the tests as Ctrl-C does, so that no cloud is left running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Deployment]:
    """A deployed cloud with simulated data and a first champion; gone when the session ends."""
    with deployed(logs="e2e-logs", https="true", traces=True) as cloud:
        cloud.bikecast("load", "--simulate")
        _train(cloud)
        yield cloud


def _train(cloud: Deployment) -> None:
    """Make the first champion, which waits for a person."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        training = beside.submit(cloud.bikecast, "train", "--trials", "4", "--approval")
        eventually(lambda: training.done() or _waits_for_a_person(cloud), timeout_s=400, every_s=1)
        if not training.done():
            cloud.bikecast("approve", "--reason", APPROVED_BECAUSE)
        training.result()


def _waits_for_a_person(cloud: Deployment) -> bool:
    machine = cloud.outputs["retrain_state_machine"]
    executions = cloud.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    return any("WaitForApproval" in cloud.entered_states(one["executionArn"]) for one in executions)
