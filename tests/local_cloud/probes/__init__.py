"""One probe per fidelity fix: passes where the cloud behaves as AWS does, fails where it doesn't."""

from tests.local_cloud.probes.access import (
    administrator,
    api_key_identity,
    function_credentials,
    machine_role,
    task_role,
)
from tests.local_cloud.probes.functions import (
    function_errors,
    function_files,
    function_metrics,
    function_process,
    function_secret,
)
from tests.local_cloud.probes.machines import execution_end, execution_resume, task_timing
from tests.local_cloud.probes.resources import (
    alarms,
    database,
    durable_queue,
    durable_state,
    task_secrets,
    task_stop,
)

__all__ = [
    "administrator",
    "alarms",
    "api_key_identity",
    "database",
    "durable_queue",
    "durable_state",
    "execution_end",
    "execution_resume",
    "function_credentials",
    "function_errors",
    "function_files",
    "function_metrics",
    "function_process",
    "function_secret",
    "machine_role",
    "task_role",
    "task_secrets",
    "task_stop",
    "task_timing",
]
