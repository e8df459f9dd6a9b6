"""The prediction log: packed, sent, never in the way; what the queue does not take is handed back."""

import json
import threading
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bikecast.serving.log.prediction_log import (
    CAPACITY_REQUESTS,
    COOL_DOWN_S,
    PredictionRow,
    QueueLog,
    messages,
)
from tests.unit.serving.faults import Clock


def row(index: int, padding: str = "") -> PredictionRow:
    return PredictionRow(
        use_case="citibike",
        key=None,
        id=f"r-{index}",
        request_id="r",
        predicted_for=None,
        requested_at="2025-01-01T00:00:00+00:00",
        model_version="1",
        source="champion",
        prediction=1.0,
        low=0.5,
        high=1.5,
        outcome=None,
        inputs={"padding": padding},
        latency_ms=0.1,
    )


class Queue:
    """An SQS client as far as the log uses it: it takes, refuses or hangs."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        self.gate.wait(10)
        if self.broken:
            raise ConnectionError("refused")
        self.bodies.append(MessageBody)


def post(log: QueueLog, *rows: PredictionRow) -> None:
    """Answer one request."""
    log.record(lambda: rows)
    log.send()


class World:
    """A log on a queue, and what was handed over."""

    def __init__(self, wait_s: float = 0.0) -> None:
        self.queue, self.clock = Queue(), Clock()
        self.unsent: list[tuple[str, str]] = []
        client: Any = self.queue
        self.log = QueueLog(
            client,
            "url",
            wait_s=wait_s,
            on_unsent=lambda body, _, why: self.unsent.append((body, why)),
            clock=self.clock,
        )

    def record(self, *rows: PredictionRow) -> None:
        post(self.log, *rows)
        assert self.log.drain(timeout_s=10)


@given(st.lists(st.text(max_size=400), min_size=1, max_size=30), st.integers(700, 3000))
def test_packing_keeps_rows_order_and_limit(paddings: list[str], max_bytes: int) -> None:
    rows = [row(index, padding) for index, padding in enumerate(paddings)]
    packed = list(messages(rows, max_bytes=max_bytes))
    assert [item for body in packed for item in json.loads(body)] == rows
    alone = max(len(body.encode()) for item in rows for body in messages([item]))
    assert all(len(body.encode()) <= max(max_bytes, alone) for body in packed)


def test_a_request_of_a_thousand_rows_is_a_few_messages_and_one_row_is_one() -> None:
    assert len(list(messages([row(0)]))) == 1
    assert len(list(messages([row(index, "x" * 250) for index in range(1000)]))) == 4


def test_rows_are_sent_as_one_message() -> None:
    world = World()
    world.record(row(0), row(1))
    assert [item["id"] for item in json.loads(world.queue.bodies[0])] == ["r-0", "r-1"]
    assert world.unsent == []


def test_nothing_happens_before_the_answer_is_ready() -> None:
    world, made = World(), threading.Event()

    def rows() -> list[PredictionRow]:
        made.set()
        return [row(0)]

    world.log.record(rows)
    assert world.log.drain(timeout_s=10)
    assert not made.wait(0.05)
    world.log.send()
    assert world.log.drain(timeout_s=10)
    assert [json.loads(body)[0]["id"] for body in world.queue.bodies] == ["r-0"]


def test_a_refusing_queue_hands_the_rows_over_with_the_reason() -> None:
    world = World()
    world.queue.broken = True
    world.record(row(0))
    [(body, why)] = world.unsent
    assert json.loads(body)[0]["id"] == "r-0"
    assert why == "ConnectionError: refused"


def test_a_queue_that_failed_is_asked_again_after_the_cool_down() -> None:
    world = World()
    world.queue.broken = True
    world.record(row(0))
    world.queue.broken = False
    world.record(row(1))
    assert [why for _, why in world.unsent][1] == "the queue failed a moment ago"
    world.clock.now_s += COOL_DOWN_S
    world.record(row(2))
    assert [json.loads(body)[0]["id"] for body in world.queue.bodies] == ["r-2"]


def test_a_hanging_queue_holds_no_request_and_loses_nothing() -> None:
    world = World()
    world.queue.gate.clear()
    started_s = time.perf_counter()
    for index in range(200):
        post(world.log, row(index))
    assert time.perf_counter() - started_s < 0.5
    assert {why for _, why in world.unsent} == {f"{CAPACITY_REQUESTS} requests are already waiting"}
    assert not world.log.drain(timeout_s=0.01)
    world.queue.gate.set()
    assert world.log.drain(timeout_s=10)
    kept = [json.loads(body)[0]["id"] for body in world.queue.bodies + [body for body, _ in world.unsent]]
    assert len(set(kept)) == len(kept) == 200


def test_where_the_process_is_frozen_a_request_waits_a_moment_and_hands_over_what_is_late() -> None:
    queue, unsent = Queue(), []
    client: Any = queue
    log = QueueLog(client, "url", wait_s=0.1, on_unsent=lambda body, _, why: unsent.append(why))
    post(log, row(0))
    assert len(queue.bodies) == 1  # acknowledged before the function returns
    queue.gate.clear()
    started_s = time.perf_counter()
    for index in range(100):
        post(log, row(index))
    assert time.perf_counter() - started_s < 1.0
    assert len(unsent) == 100
    assert unsent[0] == "the queue did not acknowledge in time"
    queue.gate.set()


def test_threads_share_one_log() -> None:
    world, n_threads = World(), 8

    def record(base: int) -> None:
        for index in range(20):
            post(world.log, row(base + index))

    threads = [threading.Thread(target=record, args=(base,)) for base in range(0, 20 * n_threads, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.log.drain(timeout_s=10)
    kept = {json.loads(body)[0]["id"] for body in world.queue.bodies + [body for body, _ in world.unsent]}
    assert len(kept) == 20 * n_threads
