"""The container engine's process.

usage: python -m local_cloud.engine SOCKET STATE_DIR PROJECT_DIR [DOCKER_OR_PODMAN]
"""

import os
import secrets
import shutil
import signal
import socketserver
import sys
import threading
from pathlib import Path

from local_cloud.engine.api import Handler
from local_cloud.engine.images import SECRET_FILE, ImageMap
from local_cloud.engine.registry import Registry
from local_cloud.files import private_dir, write_private
from local_cloud.processes import STATE_VARIABLE


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One thread per client."""

    daemon_threads = True
    request_queue_size = 64


def _new_secret(state_dir: Path) -> str:
    """Return a secret of this engine's life, left where only this user's emulator finds it."""
    secret = secrets.token_hex(32)
    write_private(state_dir / SECRET_FILE, secret)
    return secret


def main() -> None:
    """Serve until SIGTERM, then stop every container."""
    socket_path, state_dir, project_dir = (Path(argument) for argument in sys.argv[1:4])
    scratch = private_dir(state_dir) / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    images = ImageMap(
        project_dir,
        private_dir(state_dir / "volumes"),
        owner=os.environ.get(STATE_VARIABLE, ""),
        function_secret=_new_secret(state_dir),
        container_program=next(iter(sys.argv[4:5]), None),
    )
    Handler.registry = Registry(images, private_dir(scratch))
    private_dir(socket_path.parent)
    socket_path.unlink(missing_ok=True)
    server = Server(str(socket_path), Handler)
    socket_path.chmod(0o600)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        socket_path.unlink(missing_ok=True)
        Handler.registry.stop_all()


if __name__ == "__main__":
    main()
