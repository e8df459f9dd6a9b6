"""What MiniStack 1.5.33 does differently from AWS and our stacks notice, mended in its process.

Each module mends one thing: it names the AWS behaviour, checks that the code it changes is still
the code it knows, and has a test that fails without it. They run in the emulator's environment, so
they import the standard library and ``ministack`` only.
"""

from importlib import import_module, metadata

from local_cloud.fidelity.anchors import AnchorError

VERSION = "1.5.33"
# In order; a fix's name is that of its module.
_PLACES = (
    "administrator",
    "durability.durable_state",
    "durability.durable_queue",
    "functions.function_process",
    "functions.function_files",
    "functions.function_credentials",
    "functions.function_errors",
    "functions.function_metrics",
    "tasks.task_role",
    "tasks.task_stop",
    "tasks.task_secrets",
    "database",
    "tasks.task_timing",
    "executions.execution_end",
    "executions.machine_role",
    "executions.execution_resume",
    "alarms",
    "functions.api_key_identity",
    "functions.function_secret",
)
FIXES = {place.rpartition(".")[2]: place for place in _PLACES}


def apply_all(skipped: frozenset[str] = frozenset()) -> None:
    """Apply every fix but ``skipped``, in order.

    Raises:
        AnchorError: Another version of the emulator is installed, or its code has changed.
    """
    found = metadata.version("ministack")
    if found != VERSION:
        raise AnchorError(f"the fixes are for ministack {VERSION}, found {found}; check each and change both")
    for name, place in FIXES.items():
        if name not in skipped:
            import_module(f"{__name__}.{place}").apply()
