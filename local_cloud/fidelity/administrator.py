"""Only a correct signature makes a caller, the administrator included.

AWS: every request is signed and the signature is checked; unsigned or badly signed ones are refused.
MiniStack: the keys ``test``, any twelve digits, no key at all, and the configured key are the root
user whatever their signature says, and the control endpoints take anybody's word.
"""

import functools
import json
import os
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import sts

from local_cloud.fidelity.anchors import require

_METADATA_SERVICES = frozenset({"imds", "ecs-metadata"})


def apply() -> None:
    """Make the configured key the only root key, verified like any other."""
    require(iam_evaluator.is_root_access_key, 'access_key_id == "test"')
    require(iam_evaluator.pin_signed_request, "_is_root_key(access_key_id)")
    require(iam_evaluator.caller_verified, "_is_root_key(access_key_id)")
    iam_evaluator.is_root_access_key = _is_configured
    sts.is_root_access_key = _is_configured
    iam_evaluator._is_root_key = _is_trusted_unsigned
    app._authenticate_only = _except_metadata(app._authenticate_only)
    app._handle_admin_reset = _refuse_reset
    app._handle_admin_config_request = _refuse_config


def _is_configured(access_key_id: str) -> bool:
    return bool(access_key_id) and access_key_id == os.environ["AWS_ACCESS_KEY_ID"]


def _is_trusted_unsigned(_access_key_id: str) -> bool:
    """No key is trusted without its signature."""
    return False


def _except_metadata(authenticate: Any) -> Any:
    """The metadata addresses of tasks check their own tokens; nobody signs for them on AWS either."""

    @functools.wraps(authenticate)
    def check(service: str, *arguments: Any) -> Any:
        return None if service in _METADATA_SERVICES else authenticate(service, *arguments)

    return check


async def _refuse_reset(path: str, *_: Any) -> Any:
    return _refusal() if path == "/_ministack/reset" else None


async def _refuse_config(path: str, *_: Any) -> Any:
    return _refusal() if path == "/_ministack/config" else None


def _refusal() -> tuple[int, dict[str, str], bytes]:
    message = {"message": "closed: the embedded cloud is controlled by `python -m local_cloud`"}
    return 403, {"Content-Type": "application/json"}, json.dumps(message).encode()
