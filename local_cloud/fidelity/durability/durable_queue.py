"""A message that a queue has taken is not lost.

AWS: SendMessage answers once the message is stored redundantly.
MiniStack: messages are in memory; what is saved a moment later loses those of that moment when it is killed.

Each message is a file before its sender is answered, until the queues have it no more. One that was deleted
in the last moment before a kill comes twice, which a queue of AWS may do as well.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import functools
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import sqs

from local_cloud.fidelity.anchors import require

_SWEEP_EVERY_S = 1.0


def apply() -> None:
    """Keep what is sent, and put back what the saved state does not have."""
    require(sqs._act_send_message, 'q["messages"].append(msg)', '"id": mid', '"MessageId": mid')
    require(sqs._act_send_message_batch, "_act_send_message(sub, url)")
    require(app._load_persisted_state, "_get_module(module_name).load_persisted_state(data)")
    sqs._act_send_message = _keeping(sqs._act_send_message)
    sqs._HANDLERS["SendMessage"] = sqs._act_send_message
    app._load_persisted_state = _then_put_back(app._load_persisted_state)


def _keeping(send: Any) -> Any:
    @functools.wraps(send)
    def send_and_keep(data: dict[str, Any], url: str) -> Any:
        answer = send(data, url)
        queue = sqs._get_q(data.get("QueueUrl", url))
        message = next((m for m in reversed(queue["messages"]) if m["id"] == answer["MessageId"]), None)
        if message is not None:
            _write(answer["MessageId"], {"queue": queue["url"], "message": message})
        return answer

    return send_and_keep


def _then_put_back(load: Any) -> Any:
    @functools.wraps(load)
    def load_then_put_back() -> None:
        load()
        put_back()
        threading.Thread(target=_keep_sweeping, daemon=True, name="durable-queue").start()

    return load_then_put_back


def put_back() -> None:
    """Return to their queues the messages that the saved state does not have."""
    known, queues = _known(), {queue["url"]: queue for queue in sqs._queues.all_values()}
    for path in _files():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if path.stem not in known and kept["queue"] in queues:
            queues[kept["queue"]]["messages"].append(kept["message"])


def _write(name: str, kept: dict[str, Any]) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{name}.writing"
    temporary.write_text(json.dumps(kept), encoding="utf-8")
    temporary.replace(folder / f"{name}.json")


def _keep_sweeping() -> None:
    while True:
        time.sleep(_SWEEP_EVERY_S)
        sweep()


def sweep() -> None:
    """Delete the files of messages that no queue has any more."""
    # The files first: what is there was in its queue before.
    files = list(_files())
    known = _known()
    for path in files:
        if path.stem not in known:
            path.unlink(missing_ok=True)


def _known() -> set[str]:
    return {message["id"] for queue in sqs._queues.all_values() for message in list(queue["messages"])}


def _files() -> Iterator[Path]:
    return _folder().glob("*.json")


def _folder() -> Path:
    return Path(persistence.STATE_DIR) / "messages"
