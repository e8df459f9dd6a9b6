"""The emulator's process: MiniStack with the fidelity fixes, run by the emulator's own environment.

Started as a file, so that the project is importable here and nowhere below: functions must not see it.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Apply the fixes, then serve."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from local_cloud.fidelity import apply_all

    apply_all(frozenset(os.environ.get("BIKECAST_SKIPPED_FIXES", "").split(",")))
    if os.environ["BIKECAST_HTTPS_PORT"]:
        from local_cloud import tls_port

        tls_port.also_serve(int(os.environ["BIKECAST_HTTPS_PORT"]), Path(os.environ["BIKECAST_TLS_DIR"]))
    from local_cloud import trace_intake

    trace_intake.keep_in(Path(os.environ["BIKECAST_TRACES_FILE"]))
    from ministack.app import main as serve

    serve()


if __name__ == "__main__":
    main()
