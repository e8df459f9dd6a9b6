"""Nobody can work out a function's credentials.

AWS: the credentials of an execution role are random and short-lived.
MiniStack: they are digests of the function's ARN and role, so that whoever knows the name of a
function can sign as its role.
"""

import hashlib
import hmac
import os
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.fidelity.anchors import require


def apply() -> None:
    """Key the digests with the installation's secret."""
    require(
        lambda_runtime.execution_credentials,
        'digest = hashlib.sha256(f"{function_arn}:{role_arn}".encode()).hexdigest()',
        'secret_key = hashlib.sha256(f"secret:{digest}".encode()).hexdigest()',
    )
    keyed = SimpleNamespace(**{**vars(hashlib), "sha256": _keyed_sha256})
    lambda_runtime.hashlib = keyed


def _keyed_sha256(data: bytes = b"") -> Any:
    return hmac.new(os.environ["AWS_SECRET_ACCESS_KEY"].encode(), data, hashlib.sha256)
