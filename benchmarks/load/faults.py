"""What happens to the cloud meanwhile: champions come, go, are damaged; database, queue, bucket fail."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.load.versions import Versions
from tests.deployment import Deployment
from tests.faults import frozen, kill, nobody_reads

TURN_S = 4.0
# When things begin, and how long the outages last, as shares of the whole time.
RESTART_AT, FREEZE_AT, QUEUE_AT, BUCKET_AT, DAMAGE_AT = 0.1, 0.2, 0.4, 0.6, 0.8
OUTAGE = 0.12
POLICY = "load-test-outage"
POSTGRES = ("bin/postgres", "-D")


class Course:
    """One run from beginning to end; ``happened`` counts, ``log`` tells when.

    ``reinforce`` brings more clients, so that instances start while the bucket refuses.
    """

    def __init__(
        self, cloud: Deployment, versions: Versions, *, seconds: float, reinforce: Callable[[], None]
    ) -> None:
        self.happened: Counter[str] = Counter()
        self.log: list[str] = []
        self._cloud, self._versions, self._seconds = cloud, versions, seconds
        self._reinforce = reinforce
        self._begun_s = 0.0

    def run(self) -> None:
        """Let everything happen; returns when the time is over."""
        self._begun_s = time.monotonic()
        self._turns(until=RESTART_AT)
        kill(self._cloud, *POSTGRES)
        self._note("Postgres killed; it starts again")
        self._turns(until=FREEZE_AT)
        with frozen(self._cloud, *POSTGRES):
            self._note("Postgres hangs")
            self._turns(until=FREEZE_AT + OUTAGE)
        self._note("Postgres answers again")
        self._turns(until=QUEUE_AT)
        with nobody_queues(self._cloud):
            self._note("queue refuses")
            self._turns(until=QUEUE_AT + OUTAGE)
        self._note("queue takes again")
        self._turns(until=BUCKET_AT)
        with nobody_reads(self._cloud):
            self._note("bucket refuses; more clients come")
            self._reinforce()
            self._turns(until=BUCKET_AT + OUTAGE)
        self._note("bucket answers again")
        self._turns(until=DAMAGE_AT)
        self._versions.crown_damaged()
        self._note("the champion is damaged")
        time.sleep(OUTAGE * self._seconds)
        self._turns(until=1.0)

    def _turns(self, *, until: float) -> None:
        end_s = self._begun_s + until * self._seconds
        while (left_s := end_s - time.monotonic()) > 0:
            turn = sum(self.happened.values())
            self._versions.crown((turn + 1) % 2)
            self.happened["rollback" if turn % 2 else "promotion"] += 1
            time.sleep(min(TURN_S, left_s))

    def _note(self, what: str) -> None:
        self.log.append(f"{time.monotonic() - self._begun_s:6.1f} s  {what}")


@contextmanager
def nobody_queues(cloud: Deployment) -> Iterator[None]:
    """An outage of the queue as the predictor sees it: every message is refused."""
    iam = cloud.client("iam")
    role = predictor_role(cloud)
    statement = {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=policy)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName=POLICY)


def predictor_role(cloud: Deployment) -> str:
    """Return the name of the role that the predictor runs under."""
    functions = cloud.client("lambda").get_paginator("list_functions").paginate().search("Functions[]")
    [role] = {item["Role"] for item in functions if item["Handler"] == "predict.handler.lambda_handler"}
    return str(role).rpartition("/")[2]
