"""Kills every process of a cloud at once, with no chance to clean up."""

import contextlib
import os
import signal
import time
from pathlib import Path

from local_cloud import processes
from local_cloud.settings import LocalCloudSettings
from tests.deployment import Deployment

LIMIT_S = 20.0


def kill_everything(cloud: Deployment) -> int:
    """Kill emulator, engine, functions, steps and Postgres; return how many processes there were."""
    settings = LocalCloudSettings(state_dir=Path(cloud.state_dir))
    deadline_s, killed = time.monotonic() + LIMIT_S, set[int]()
    while living := processes.members(settings) - {os.getpid()}:
        for pid in living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed |= living
        assert time.monotonic() < deadline_s, f"{living} do not die"
    return len(killed)
