"""The worker's turns: take steps, run a bounded number, show life for those that wait, clear up what ended.

A waiting step's clock runs, too: the worker takes every message that it sees, and shows life for it until one
of its slots is free. A running step shows life itself.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bikecast.names import Failure
from console.worker.logs import StepLog
from console.worker.messages import StepQueue, StepRequest
from console.worker.processes import Launcher, StepProcess
from training_job.runtime.answers import TaskReply

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_stepfunctions import SFNClient

# Asked for often enough to start a step soon, seldom enough to cost nothing.
POLL_S = 2
LOG_S = 2.0
# LocalStack sends a message a moment before it knows the token, so one refusal proves nothing.
REFUSALS, REFUSED_S = 2, 0.5
KILLED_BY_SIGNAL = 128
Say = Callable[[StepRequest, str], None]


@dataclass(frozen=True)
class WorkerPorts:
    """What a worker talks to."""

    queue: StepQueue
    states: "SFNClient"
    logs: "CloudWatchLogsClient"
    log_group: str
    launcher: Launcher


@dataclass
class Held:
    """A step that this worker has taken."""

    request: StepRequest
    answer: TaskReply
    process: StepProcess | None = None
    began: float = field(default_factory=time.monotonic)
    kept_at: float = field(default_factory=time.monotonic)
    beat_due: float = float("-inf")
    is_expected: bool = False
    refusals: int = 0


class Worker:
    """Runs steps until it is told to stop.

    Args:
        ports: What it talks to.
        slots: Steps at a time.
        heartbeat_s: How often a waiting step shows life.
        say: Is told what happens to each step.
    """

    def __init__(self, ports: WorkerPorts, *, slots: int, heartbeat_s: float, say: Say) -> None:
        self._ports, self._slots, self._heartbeat_s, self._say = ports, slots, heartbeat_s, say
        self.waiting: deque[Held] = deque()
        self.running: list[Held] = []
        self._logged_at = time.monotonic()

    @property
    def launcher(self) -> Launcher:
        """What starts its steps."""
        return self._ports.launcher

    def turn(self) -> None:
        """Do once what a worker does all the time."""
        for request in self._ports.queue.receive(wait_s=self._patience_s()):
            self._take(request)
        self._show_life()
        self._start()
        self.clear_up()
        self._keep()

    def _take(self, request: StepRequest) -> None:
        """Hold a step; of a message that came again only the newest handle counts."""
        held = next((held for held in self._held() if held.request.token == request.token), None)
        if held is not None:
            held.request = request
            return
        self.waiting.append(Held(request, self._answer(request)))
        self._say(request, "taken")

    def _held(self) -> list[Held]:
        return [*self.waiting, *self.running]

    def _patience_s(self) -> int:
        """Return how long to wait for new steps."""
        if len(self.running) >= self._slots:
            time.sleep(1)  # let a worker with free slots be first
            return 0
        return POLL_S if all(held.is_expected for held in self.waiting) else 0

    def stop(self, *, grace_s: float) -> None:
        """Leave waiting steps to others, let running ones say that they were stopped, and end them."""
        while self.waiting:
            held = self.waiting.popleft()
            self._ports.queue.release(held.request)
            self._say(held.request, "left to other workers")
        for held in self.running:
            _process_of(held).ask_to_stop()
        deadline = time.monotonic() + grace_s
        while self.running and time.monotonic() < deadline:
            self.clear_up()
            time.sleep(0.1)
        for held in self.running:
            _process_of(held).kill()
        while self.running:
            self.clear_up()
            time.sleep(0.1)

    def clear_up(self) -> None:
        """Answer for steps that ended without a word, pass lines on, delete messages."""
        is_time = time.monotonic() - self._logged_at > LOG_S
        for held in list(self.running):
            code = _process_of(held).poll()
            if code is not None:
                self._finish(held, code)
            elif is_time:
                _process_of(held).log.send()
        if is_time:
            self._logged_at = time.monotonic()

    def _answer(self, request: StepRequest) -> TaskReply:
        return TaskReply(self._ports.states, request.token.get_secret_value())

    def _show_life(self) -> None:
        """Show life for waiting steps, and forget those that nobody waits for any more."""
        now = time.monotonic()
        for held in [held for held in self.waiting if held.beat_due <= now]:
            held.is_expected = held.answer.beat()
            held.refusals = 0 if held.is_expected else held.refusals + 1
            held.beat_due = now + (self._heartbeat_s if held.is_expected else REFUSED_S)
            if held.refusals == REFUSALS:
                self.waiting.remove(held)
                self._ports.queue.delete(held.request)
                self._say(held.request, "expired: its execution does not wait for it any more")

    def _start(self) -> None:
        expected = [held for held in self.waiting if held.is_expected]
        for held in expected[: max(0, self._slots - len(self.running))]:
            self.waiting.remove(held)
            log = StepLog(
                self._ports.logs,
                group=self._ports.log_group,
                stream=f"worker/{held.request.steps[0]}/{uuid.uuid4().hex}",
            )
            held.answer.beat()  # from now on the step's own signs of life are waited for
            held.began = time.monotonic()
            held.process = self._ports.launcher.start(held.request, log)
            self.running.append(held)
            self._say(held.request, "started")

    def _keep(self) -> None:
        """Keep messages from other workers, long before they would see them."""
        now = time.monotonic()
        for held in self._held():
            if now - held.kept_at > self._ports.queue.visibility_s / 3:
                held.kept_at = now
                self._ports.queue.keep(held.request)

    def _finish(self, held: Held, code: int) -> None:
        log = _process_of(held).log
        if code != 0:
            # A step that failed has said so itself, and this is refused; one that was killed has not.
            held.answer.fail(Failure.CONTAINER_LOST, cause_of(held.request, code, last_line=log.last_line))
        if not log.send():
            self._say(held.request, "lines of its log could not be sent")
        self.running.remove(held)
        self._ports.queue.delete(held.request)
        seconds = time.monotonic() - held.began
        self._say(held.request, f"{'done' if code == 0 else f'ended with {code}'} after {seconds:.0f} s")


def _process_of(held: Held) -> StepProcess:
    assert held.process is not None
    return held.process


def cause_of(request: StepRequest, code: int, *, last_line: str) -> str:
    """Return what to say for a step that ended before it answered."""
    killed = code - KILLED_BY_SIGNAL if code > KILLED_BY_SIGNAL else -code
    how = f"was killed by signal {killed}" if killed > 0 else f"ended with status {code}"
    said = f"; its last line: {last_line}" if last_line else ""
    return f"{request.name}: its process on the worker {how} before it answered{said}"
