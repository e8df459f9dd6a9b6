"""A function's process is what AWS gives it: the runtime's packages, its own variables, its own code first.

AWS: a Python function sees the runtime (boto3 and what it needs), its bundle, then its layers; its
environment holds AWS's variables and its own; records of the root logger reach the log.
MiniStack: it runs on the emulator's own interpreter with all of the emulator's packages and
variables, looks into layers before the bundle, and drops records below ERROR.
Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import functools
import os
import subprocess
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.fidelity.anchors import require, swap

FUNCTION_PYTHON = "BIKECAST_FUNCTION_PYTHON"
# What a function may share with the emulator's own environment.
_SHARED = frozenset({"PATH", "LANG", "LD_LIBRARY_PATH", "AWS_ENDPOINT_URL", "TMPDIR"})

_ROOT_LOGGER = """
    import logging as _logging
    class _RequestFilter(_logging.Filter):
        request_id = ""
        def filter(self, record):
            record.aws_request_id = self.request_id
            return True
    _request_filter = _RequestFilter()
    _handler = _logging.StreamHandler(sys.stderr)
    _handler.addFilter(_request_filter)
    _formatter = _logging.Formatter(
        "[%(levelname)s]\\t%(asctime)s.%(msecs)dZ\\t%(aws_request_id)s\\t%(message)s", "%Y-%m-%dT%H:%M:%S")
    _formatter.converter = time.gmtime
    _handler.setFormatter(_formatter)
    _logging.getLogger().addHandler(_handler)
"""


def apply() -> None:
    """Give functions their own interpreter, environment, search order and log handler."""
    require(lambda_runtime._detect_runtime_binary, "return sys.executable, _PYTHON_WORKER_SCRIPT")
    require(lambda_runtime.Worker._spawn, "spawn_env = {**os.environ, **env_vars}", "subprocess.Popen(")
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    script = swap(script, "    sys.path.insert(0, code_dir)\n", _ROOT_LOGGER)
    after_layers = "    # After sys.path is complete"
    script = swap(script, after_layers, f"    sys.path.insert(0, code_dir)\n{after_layers}")
    script = swap(
        script,
        '        _function_name = init.get("function_name", "")\n',
        '        _function_name = init.get("function_name", "")\n'
        '        _request_filter.request_id = _ms_ctx.get("request_id", "")\n',
    )
    script = swap(script, 'init.get("memory", 128)', 'str(init.get("memory", 128))')
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
    lambda_runtime._detect_runtime_binary = _binary_of(lambda_runtime._detect_runtime_binary)
    lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": _popen})


def _binary_of(original: Any) -> Any:
    @functools.wraps(original)
    def detect(runtime: str) -> tuple[str, str]:
        if runtime.startswith("python"):
            return os.environ[FUNCTION_PYTHON], lambda_runtime._PYTHON_WORKER_SCRIPT
        binary, script = original(runtime)
        return binary, script

    return detect


def _popen(argv: list[str], **options: Any) -> "subprocess.Popen[str]":
    given = options.pop("env", None) or {}
    environment = {key: value for key, value in given.items() if _belongs(key, value)}
    name = environment.get("AWS_LAMBDA_FUNCTION_NAME", "")
    own = {
        "TZ": ":UTC",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
    }
    return subprocess.Popen(argv, env={**own, **environment}, **options)


def _belongs(key: str, value: str) -> bool:
    """Whether a variable is the function's own: not one that the emulator passed on unchanged."""
    return key in _SHARED or os.environ.get(key) != value
