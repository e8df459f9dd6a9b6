"""Events that the state machines publish; a rule turns each into a notification."""

from collections.abc import Mapping

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bikecast.names import EVENT_SOURCE, Event


class PublishEvent(tasks.EventBridgePutEvents):
    """Put one event on the default bus and leave the state's data as they were.

    Args:
        scope: Parent construct.
        construct_id: Name of the state.
        event: What happened.
        detail: What a reader needs; values may be paths into the state. ``reason`` is a sentence for people.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, event: Event, detail: Mapping[str, object]
    ) -> None:
        entry = tasks.EventBridgePutEventsEntry(
            source=EVENT_SOURCE, detail_type=event, detail=sfn.TaskInput.from_object(dict(detail))
        )
        super().__init__(scope, construct_id, entries=[entry], result_path=sfn.JsonPath.DISCARD)


class PublishEvents(sfn.Map):
    """Put the events that a step returned under ``$.events`` on the default bus, in order.

    Args:
        scope: Parent construct.
        construct_id: Name of the state; each item is ``{"detail_type": ..., "detail": ...}``.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope, construct_id, items_path="$.events", max_concurrency=1, result_path=sfn.JsonPath.DISCARD
        )
        entry = tasks.EventBridgePutEventsEntry(
            source=EVENT_SOURCE,
            detail_type=sfn.JsonPath.string_at("$.detail_type"),
            detail=sfn.TaskInput.from_json_path_at("$.detail"),
        )
        self.item_processor(tasks.EventBridgePutEvents(scope, "PublishEvent", entries=[entry]))


class FailurePath(Construct):
    """The end of every failed execution: tell the world, then fail with the step's own error.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        machine: Whose executions fail.
        silence_s: Silence after which a container counts as dead.
    """

    def __init__(self, scope: Construct, construct_id: str, *, machine: str, silence_s: int) -> None:
        super().__init__(scope, construct_id)
        end = sfn.Fail(self, "Failed", error_path="$.failure.Error", cause_path="$.failure.Cause")
        self._publish = PublishEvent(
            self, "PublishFailure", event=Event.TRAINING_FAILED, detail=_failure_of(machine)
        )
        # An event that cannot be published must not hide the failure.
        self._publish.add_catch(end, result_path=sfn.JsonPath.DISCARD)
        self._publish.next(end)
        self._silence_s = silence_s

    def catch(self, *states: sfn.TaskStateBase | sfn.Map | sfn.Parallel) -> None:
        """Lead the failures of these states here; a silent container gets a cause, which AWS leaves empty."""
        for state in states:
            cause = silent_for(self._silence_s, step=state.id)
            lost = sfn.Pass(
                self,
                f"{state.id}Lost",
                result=sfn.Result.from_object({"Error": sfn.Errors.HEARTBEAT_TIMEOUT, "Cause": cause}),
                result_path="$.failure",
            )
            lost.next(self._publish)
            state.add_catch(lost, errors=[sfn.Errors.HEARTBEAT_TIMEOUT], result_path=sfn.JsonPath.DISCARD)
            state.add_catch(self._publish, result_path="$.failure")


def silent_for(seconds: int, *, step: str) -> str:
    """Return what to tell a person about a container that died without a word."""
    return (
        f"{step}: a container died, was killed or ran out of memory: nothing was heard of it for "
        f"{seconds} s; the log group of role `job` has its last words (`bikecast logs job`)"
    )


def _failure_of(machine: str) -> dict[str, object]:
    execution = sfn.JsonPath.string_at("$$.Execution.Name")
    error, cause = sfn.JsonPath.string_at("$.failure.Error"), sfn.JsonPath.string_at("$.failure.Cause")
    reason = sfn.JsonPath.format(f"{machine} {{}} failed: {{}}: {{}}", execution, error, cause)
    return {"machine": machine, "execution": execution, "error": error, "cause": cause, "reason": reason}
