"""Events that the state machines publish; a rule turns each into a notification."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bikecast.names import Event
from infra_cdk.constructs.naming import event_source_of


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
            source=event_source_of(scope), detail_type=event, detail=sfn.TaskInput.from_object(dict(detail))
        )
        super().__init__(scope, construct_id, entries=[entry], result_path=sfn.JsonPath.DISCARD)
        try_again(self)


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
            source=event_source_of(scope),
            detail_type=sfn.JsonPath.string_at("$.detail_type"),
            detail=sfn.TaskInput.from_json_path_at("$.detail"),
        )
        publish = tasks.EventBridgePutEvents(scope, "PublishEvent", entries=[entry])
        try_again(publish)
        self.item_processor(publish)


def try_again(call: sfn.TaskStateBase) -> None:
    """Try a call again that AWS throttled or refused: an event may come twice, but none is lost."""
    call.add_retry(
        errors=[sfn.Errors.TASKS_FAILED],
        max_attempts=4,
        interval=cdk.Duration.seconds(2),
        backoff_rate=2,
    )
