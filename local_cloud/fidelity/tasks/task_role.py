"""A task acts as its task role and as nobody else.

AWS: the container credentials address, with the container's token, gives credentials of the task
definition's ``taskRoleArn``; a task without a role gets none.
MiniStack: it gives made-up credentials that no policy knows, to anybody who asks.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
"""

import functools
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import ecs, imds, sts

from local_cloud.fidelity.anchors import require

_URI, _TOKEN = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
_PREFIX = "/v2/credentials/"
_LIFETIME_S = 6 * 3600


@dataclass(frozen=True)
class _Grant:
    token: str
    role_arn: str
    session_name: str
    account: str


_grants: dict[str, _Grant] = {}


def apply() -> None:
    """Remember each container's role and answer for it."""
    require(ecs._register_metadata, f'env["{_URI}"]', f'env["{_TOKEN}"]')
    require(imds.handle_request, f'path.startswith("{_PREFIX}")')
    ecs._register_metadata = _granting(ecs._register_metadata)
    imds.handle_request = _answering(imds.handle_request)


def _granting(register: Any) -> Any:
    @functools.wraps(register)
    def grant(
        task_arn: str, cluster_arn: str, definition: Any, container: Any, launch: str, env: Any, *rest: Any
    ) -> Any:
        metadata_token = register(task_arn, cluster_arn, definition, container, launch, env, *rest)
        role_arn = definition.get("taskRoleArn")
        if not role_arn:
            del env[_URI], env[_TOKEN]
            return metadata_token
        session = task_arn.rsplit("/", 1)[-1]
        _grants[env[_URI].rsplit("/", 1)[-1]] = _Grant(env[_TOKEN], role_arn, session, get_account_id())
        return metadata_token

    return grant


def _answering(handle: Any) -> Any:
    @functools.wraps(handle)
    async def answer(method: str, path: str, headers: Any, body: Any, query: Any) -> Any:
        if not path.startswith(_PREFIX):
            return await handle(method, path, headers, body, query)
        grant = _grants.get(path.removeprefix(_PREFIX))
        if grant is None or not hmac.compare_digest(headers.get("authorization", ""), grant.token):
            return 403, {"Content-Type": "application/json"}, b'{"message":"no role for this container"}'
        return 200, {"Content-Type": "application/json"}, json.dumps(_session(grant)).encode()

    return answer


def _session(grant: _Grant) -> dict[str, str]:
    """Open a session of the role, as STS would."""
    role = grant.role_arn.rsplit("/", 1)[-1]
    key, secret, token = (
        f"ASIA{secrets.token_hex(8).upper()}",
        secrets.token_urlsafe(30),
        secrets.token_urlsafe(64),
    )
    expires = time.time() + _LIFETIME_S
    session = {
        "Arn": f"arn:aws:sts::{grant.account}:assumed-role/{role}/{grant.session_name}",
        "UserId": f"{role}:{grant.session_name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": expires,
    }
    sts.register_session(key, session)
    return {
        "AccessKeyId": key,
        "SecretAccessKey": secret,
        "Token": token,
        "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires)),
        "RoleArn": grant.role_arn,
    }
