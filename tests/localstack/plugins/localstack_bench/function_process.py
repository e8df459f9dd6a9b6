"""A function's process: one event after the other, in its main thread, as AWS calls it.

usage: python -P function_process.py HOST PORT HANDLER, HOST being ``local_cloud/engine/function_host.py``
"""

import importlib.util
import sys
from concurrent.futures import Future
from http.server import HTTPServer
from typing import Any


def main() -> None:
    """Load the handler, then listen."""
    host_path, port, handler = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    spec = importlib.util.spec_from_file_location("function_host", host_path)
    assert spec is not None
    assert spec.loader is not None
    host: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = host  # dataclasses look their module up
    spec.loader.exec_module(host)
    module, _, name = handler.rpartition(".")
    host.Handler.loaded = Future()
    host.Handler.loaded.set_result(host._load(module, name))
    HTTPServer(("127.0.0.1", port), host.Handler).serve_forever()


if __name__ == "__main__":
    main()
