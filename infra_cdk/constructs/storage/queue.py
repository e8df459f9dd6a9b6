"""Queues that are encrypted, reached by TLS, and lose nothing."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra_cdk.settings import InfraSettings

RETENTION = cdk.Duration.days(14)


class PrivateQueue(sqs.Queue):
    """An encrypted queue that keeps messages as long as SQS can.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        settings: The target.
        visibility: How long a message is kept from other readers.
        dead_letters: Where messages go that were read too often.
        tries: How often is too often.
        once: Deliver each message to one reader only; without it SQS may deliver one twice.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: InfraSettings,
        visibility: cdk.Duration | None = None,
        dead_letters: sqs.IQueue | None = None,
        tries: int = 5,
        once: bool = False,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=settings.require_tls,
            retention_period=RETENTION,
            visibility_timeout=visibility,
            fifo=once or None,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=tries)
            if dead_letters
            else None,
        )
