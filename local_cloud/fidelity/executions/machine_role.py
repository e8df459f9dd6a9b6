"""A state machine may do what its role allows, and no more.

AWS: each call of an integration is made with the state machine's role and authorized by its policies.
MiniStack: integrations are called from the inside, past IAM, so that a missing grant shows on AWS only.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
"""

import functools
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs, stepfunctions

from local_cloud.fidelity.anchors import require
from local_cloud.fidelity.executions import execution_end

_TASK_SERVICE = {"iam:passedtoservice": "ecs-tasks.amazonaws.com"}
_PREFIX = "arn:aws:states:::"


def apply() -> None:
    """Ask the role's policies before each integration."""
    require(
        stepfunctions._invoke_resource,
        '"states:::lambda:invoke" in resource',
        "_extract_lambda_ref(resource)",
    )
    require(stepfunctions._invoke_with_callback, 'clean_resource = resource.replace(".waitForTaskToken", "")')
    require(iam_evaluator.evaluate, '_first_match(ctx, layers[0], "Allow")')
    stepfunctions._invoke_resource = _authorized(stepfunctions._invoke_resource)
    stepfunctions._invoke_with_callback = _authorized(stepfunctions._invoke_with_callback)


def _authorized(invoke: Any) -> Any:
    @functools.wraps(invoke)
    def invoke_authorized(resource: str, data: Any, *rest: Any) -> Any:
        execution = execution_end.current()
        if execution is not None:
            machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
            for action, target in _calls(resource, data if isinstance(data, dict) else {}):
                _require_allowed(machine.get("roleArn", ""), action, target)
        return invoke(resource, data, *rest)

    return invoke_authorized


def _calls(resource: str, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the actions, each with its resource, that an integration makes."""
    kind = resource.removeprefix(_PREFIX).split(".")[0]
    scope = f"{get_region()}:{get_account_id()}"
    if ":function:" in resource:
        yield "lambda:InvokeFunction", resource
    elif kind == "lambda:invoke":
        yield "lambda:InvokeFunction", _function_arn(str(data.get("FunctionName", "")), scope)
    elif kind == "ecs:runTask":
        yield from _run_task(str(data.get("TaskDefinition", "")))
    elif kind == "sqs:sendMessage":
        yield "sqs:SendMessage", f"arn:aws:sqs:{scope}:{str(data.get('QueueUrl', '')).rsplit('/', 1)[-1]}"
    elif kind == "sns:publish":
        yield "sns:Publish", str(data.get("TopicArn", ""))
    elif kind == "states:startExecution":
        yield "states:StartExecution", str(data.get("StateMachineArn", ""))
    elif kind == "events:putEvents":
        buses = {entry.get("EventBusName") or "default" for entry in data.get("Entries", [])}
        yield from (("events:PutEvents", _bus_arn(bus, scope)) for bus in sorted(buses))


def _run_task(reference: str) -> Iterator[tuple[str, str]]:
    definition = ecs._task_defs.get(ecs._resolve_td_key(reference)) or {}
    yield "ecs:RunTask", definition.get("taskDefinitionArn", reference)
    for role in (definition.get("taskRoleArn"), definition.get("executionRoleArn")):
        if role:
            yield "iam:PassRole", role


def _function_arn(name: str, scope: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:lambda:{scope}:function:{name}"


def _bus_arn(name: str, scope: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:events:{scope}:event-bus/{name}"


def _require_allowed(role_arn: str, action: str, target: str) -> None:
    account, role = get_account_id(), role_arn.rsplit("/", 1)[-1]
    principal = f"arn:aws:sts::{account}:assumed-role/{role}/states"
    context = iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=target,
        region=get_region(),
        service_context=_TASK_SERVICE if action == "iam:PassRole" else {},
    )
    verdict = iam_evaluator.evaluate(context, iam_evaluator._gather_role_policies(role, account))
    if verdict.decision != "Allow":
        cause = f"User: {principal} is not authorized to perform: {action} on resource: {target}"
        raise stepfunctions._ExecutionError(f"{_service(action)}.AccessDeniedException", cause)


def _service(action: str) -> str:
    """Return a service's name as Step Functions writes it before its errors."""
    name = action.partition(":")[0]
    return {"lambda": "Lambda", "states": "StepFunctions", "events": "EventBridge"}.get(name, name.upper())
