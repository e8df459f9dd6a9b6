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


def failure(scope: Construct, *, machine: str) -> sfn.IChainable:
    """Return the end of every failed execution: tell the world, then fail with the step's own error.

    Steps catch into ``$.failure``. An event that cannot be published must not hide the failure.
    """
    end = sfn.Fail(scope, "Failed", error_path="$.failure.Error", cause_path="$.failure.Cause")
    publish = PublishEvent(
        scope,
        "PublishFailure",
        event=Event.TRAINING_FAILED,
        detail={
            "machine": machine,
            "execution": sfn.JsonPath.string_at("$$.Execution.Name"),
            "error": sfn.JsonPath.string_at("$.failure.Error"),
            "cause": sfn.JsonPath.string_at("$.failure.Cause"),
            "reason": sfn.JsonPath.format(
                f"{machine} {{}} failed: {{}}: {{}}",
                sfn.JsonPath.string_at("$$.Execution.Name"),
                sfn.JsonPath.string_at("$.failure.Error"),
                sfn.JsonPath.string_at("$.failure.Cause"),
            ),
        },
    )
    publish.add_catch(end, result_path=sfn.JsonPath.DISCARD)
    return publish.next(end)
