"""What MiniStack 1.5.33 does differently from AWS and our stacks notice, mended in its process.

Each module mends one thing: it names the AWS behaviour, checks that the code it changes is still
the code it knows, and has a test that fails without it. They run in the emulator's environment, so
they import the standard library and ``ministack`` only.
"""

from importlib import import_module, metadata

from local_cloud.fidelity.anchors import AnchorError

VERSION = "1.5.33"
FIXES = (
    "administrator",
    "durable_state",
    "durable_queue",
    "function_process",
    "function_files",
    "function_credentials",
    "function_errors",
    "function_metrics",
    "task_role",
    "task_stop",
    "task_secrets",
    "database",
    "task_timing",
    "execution_end",
    "machine_role",
    "execution_resume",
    "alarms",
    "api_key_identity",
    "function_secret",
)


def apply_all(skipped: frozenset[str] = frozenset()) -> None:
    """Apply every fix but ``skipped``, in order.

    Raises:
        AnchorError: Another version of the emulator is installed, or its code has changed.
    """
    found = metadata.version("ministack")
    if found != VERSION:
        raise AnchorError(f"the fixes are for ministack {VERSION}, found {found}; check each and change both")
    for name in FIXES:
        if name not in skipped:
            import_module(f"{__name__}.{name}").apply()
