"""What the cloud acknowledged is still there after a crash.

AWS: a created resource stays.
MiniStack: it writes its state when it is stopped in good order and loses it when it is killed.

Every service's state is written again when it has changed, a moment later. A service whose state is
large is written less often, so that saving never takes more than a small share of one core. Large
binary values, such as the layers of functions, are files of their own, written once. What cannot be written,
as on a full disk, is tried again until it can, and marked: the next start can tell what a crash lost.
"""

import contextlib
import functools
import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence

from local_cloud.fidelity.anchors import require
from local_cloud.fidelity.durability import unsaved

INTERVAL_S = 1.0
# A service's save may use this share of the time between two saves.
_MAX_SHARE = 0.02
# Binary values from this size on are kept beside the state.
_BLOB_BYTES = 64 * 1024
_BLOB_KEY = "__blob__"

_lock = threading.Lock()
# The names of blobs that were written, with the values themselves so that their ids stay theirs.
_blobs: dict[int, tuple[bytes, str]] = {}


def apply() -> None:
    """Start saving once the old state is back."""
    require(app._handle_lifespan, "_load_persisted_state()", "save_all(_build_persistence_save_dict())")
    require(persistence.save_state, '"__ministack_format__": _state_format_version(service), "payload": data')
    require(persistence._json_default, "isinstance(obj, (bytes, bytearray))")
    require(persistence.load_state, "object_hook=_json_object_hook")
    persistence._json_default = _with_blobs(persistence._json_default)
    persistence._json_object_hook = _from_blobs(persistence._json_object_hook)
    persistence.save_state = _alone(persistence.save_state)
    app._load_persisted_state = _then_save(app._load_persisted_state)


def _with_blobs(encode: Any) -> Any:
    @functools.wraps(encode)
    def encode_with_blobs(value: Any) -> Any:
        if isinstance(value, bytes) and len(value) >= _BLOB_BYTES:
            return {_BLOB_KEY: _write_blob(value)}
        return encode(value)

    return encode_with_blobs


def _from_blobs(decode: Any) -> Any:
    @functools.wraps(decode)
    def decode_from_blobs(value: dict[str, Any]) -> Any:
        return _read_blob(value[_BLOB_KEY]) if _BLOB_KEY in value else decode(value)

    return decode_from_blobs


def _write_blob(value: bytes) -> str:
    known = _blobs.get(id(value))
    if known is not None:
        return known[1]
    name = hashlib.sha256(value).hexdigest()
    path = Path(persistence.STATE_DIR) / "blobs" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{threading.get_ident()}")
        temporary.write_bytes(value)
        temporary.replace(path)
    _blobs[id(value)] = (value, name)
    return name


def _read_blob(name: str) -> bytes:
    value = (Path(persistence.STATE_DIR) / "blobs" / name).read_bytes()
    _blobs[id(value)] = (value, name)
    return value


def _forget_unread_blobs() -> None:
    """Delete what no state refers to any more; called when all of it has just been read."""
    known = {name for _, name in _blobs.values()}
    for path in (Path(persistence.STATE_DIR) / "blobs").glob("*"):
        if path.name not in known:
            path.unlink()


def _alone(save: Any) -> Any:
    @functools.wraps(save)
    def save_alone(*arguments: Any) -> Any:
        with _lock:
            return save(*arguments)

    return save_alone


def _then_save(load: Any) -> Any:
    @functools.wraps(load)
    def load_then_save() -> None:
        load()
        _forget_unread_blobs()
        threading.Thread(target=_keep_saving, daemon=True, name="durable-state").start()

    return load_then_save


def _keep_saving() -> None:
    saver = Saver(Path(persistence.STATE_DIR))
    while True:
        time.sleep(INTERVAL_S)
        for service, get_state in app._build_persistence_save_dict().items():
            saver.save_if_due(service, get_state)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the emulator's log


class Saver:
    """Writes the state of services that have changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._due_s: dict[str, float] = {}
        self._digests: dict[str, bytes] = {}
        self._failed: set[str] = set()
        unsaved.prepare(folder)

    def save_if_due(self, service: str, get_state: Callable[[], Any]) -> None:
        """Save one service unless it was saved a moment ago or hasn't changed."""
        began = time.monotonic()
        if began < self._due_s.get(service, 0.0):
            return
        # A state that changes while it is copied is copied again in the next round.
        with contextlib.suppress(RuntimeError):
            self._save_or_mark(service, get_state())
        ended = time.monotonic()
        self._due_s[service] = ended + (ended - began) / _MAX_SHARE

    def _save_or_mark(self, service: str, state: Any) -> None:
        try:
            self._save(service, state)
        except OSError as error:
            self._failed.add(service)
            _say(f"the state of {service} could not be saved and is tried again: {error}")
            with contextlib.suppress(OSError):
                (self._folder / f"{service}.json.saving").unlink(missing_ok=True)
        else:
            if service not in self._failed:
                return
            self._failed.remove(service)
            _say(f"the state of {service} is saved")
        unsaved.write(self._folder, ", ".join(sorted(self._failed)))

    def _save(self, service: str, state: Any) -> None:
        if state is None:
            return
        document = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
        text = json.dumps(document, default=persistence._json_default)
        digest = hashlib.sha256(text.encode()).digest()
        if self._digests.get(service) == digest:
            return
        with _lock:
            temporary = self._folder / f"{service}.json.saving"
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self._folder / f"{service}.json")
        self._digests[service] = digest
