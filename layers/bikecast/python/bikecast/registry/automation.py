"""The switch that stops promotion until a person says otherwise.

It is one small object in the serving bucket, so that the predictor and the promotion step
see it without a database. Light imports: steps and functions of every kind use this module.
"""

import datetime as dt
import uuid
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bikecast.errors import ConflictError, InputError, StoreError
from bikecast.names import AUTOMATION_KEY
from bikecast.storage import MissingObjectError, ObjectStore

if TYPE_CHECKING:
    import psycopg

MONITOR = "monitor"
PAUSED, RESUMED, RETRAINING = "paused", "resumed", "retraining_asked"
RETRAINING_COOLDOWN = dt.timedelta(days=7)


class AutomationSwitch(BaseModel):
    """Whether models may be promoted by themselves; absent means yes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    paused: bool = False
    reason: str | None = None
    since: dt.datetime | None = None
    actor: str = Field(MONITOR, description="Who changed the switch last.")
    incident_id: str | None = None
    distrusted: tuple[str, ...] = Field(
        (), description="Important inputs that shifted: the champion answers only where nobody else can."
    )


def read_switch(store: ObjectStore) -> AutomationSwitch:
    """Return the switch as it stands.

    Raises:
        StoreError: The object exists and is not a switch; the caller must take that as paused.
    """
    return _read(store)[0]


def pause_reason(store: ObjectStore) -> str | None:
    """Return why promotion is paused, or None; a switch that cannot be read counts as paused."""
    try:
        switch = read_switch(store)
    except StoreError as err:
        return str(err)
    return (switch.reason or "no reason given") if switch.paused else None


def _read(store: ObjectStore) -> tuple[AutomationSwitch, str | None]:
    switch, etag = _look(store)
    if switch is None:
        raise StoreError(f"{store.uri(AUTOMATION_KEY)} cannot be read: it is not an automation switch")
    return switch, etag


def _look(store: ObjectStore) -> tuple[AutomationSwitch | None, str | None]:
    """Return the switch and its tag; None instead of a switch that cannot be read."""
    try:
        found = store.read(AUTOMATION_KEY)
    except MissingObjectError:
        return AutomationSwitch(), None
    try:
        return AutomationSwitch.model_validate_json(found.body), found.etag
    except ValidationError:
        return None, found.etag


def pause(
    store: ObjectStore,
    connection: "psycopg.Connection",
    *,
    use_case: str,
    reason: str,
    actor: str,
    now: dt.datetime,
    incident_id: str | None = None,
    distrusted: tuple[str, ...] = (),
) -> bool:
    """Stop promotion; tell whether this call did it.

    Pausing what is paused changes nothing, unless it names inputs that were not distrusted before.
    """
    switch, etag = _read(store)
    if switch.paused and {*distrusted} <= {*switch.distrusted}:
        return False
    wanted = AutomationSwitch(
        paused=True,
        reason=reason,
        since=now,
        actor=actor,
        incident_id=incident_id,
        distrusted=tuple(sorted({*switch.distrusted, *distrusted})) if switch.paused else distrusted,
    )
    _record(connection, use_case, PAUSED, wanted, at=now)
    return _write(store, wanted, etag)


def resume(
    store: ObjectStore,
    connection: "psycopg.Connection",
    *,
    use_case: str,
    reason: str,
    actor: str,
    now: dt.datetime,
) -> bool:
    """Allow promotion again and close the incident that stopped it; tell whether it was paused.

    A switch that cannot be read is replaced: it counted as paused.

    Raises:
        InputError: No reason is given.
    """
    if not reason.strip():
        raise InputError("reason: say why the automation may go on")
    switch, etag = _look(store)
    if switch is not None and not switch.paused:
        return False
    incident_id = None if switch is None else switch.incident_id
    wanted = AutomationSwitch(paused=False, reason=reason, since=now, actor=actor, incident_id=incident_id)
    _record(connection, use_case, RESUMED, wanted, at=now)
    connection.execute(
        "update monitoring.incidents set status = 'closed', closed_at = %s, closed_reason = %s"
        " where id = %s and status = 'open'",
        (now, f"resumed by {actor}: {reason}", incident_id),
    )
    return _write(store, wanted, etag)


def ask_for_retraining(
    store: ObjectStore,
    connection: "psycopg.Connection",
    *,
    use_case: str,
    reason: str,
    now: dt.datetime,
    cooldown: dt.timedelta = RETRAINING_COOLDOWN,
) -> bool:
    """Tell whether to start a retraining, and remember that it was asked for.

    Not while promotion is paused, and not within the cooldown after the last request: a second model
    from nearly the same data would only cost money.
    """
    connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"bikecast.retraining.{use_case}",))
    last = connection.execute(
        "select max(happened_at) from monitoring.automation_events where use_case = %s and action = %s",
        (use_case, RETRAINING),
    ).fetchone()
    recently = last is not None and last[0] is not None and now - last[0] < cooldown
    if recently or _read(store)[0].paused:
        return False
    _record(connection, use_case, RETRAINING, AutomationSwitch(reason=reason), at=now)
    return True


def _write(store: ObjectStore, wanted: AutomationSwitch, etag: str | None) -> bool:
    body = wanted.model_dump_json().encode()
    try:
        store.write(AUTOMATION_KEY, body, if_match=etag, if_absent=etag is None)
    except ConflictError:
        if _read(store)[0].paused == wanted.paused:
            return False  # somebody else set it the same way at the same time
        raise
    return True


def _record(
    connection: "psycopg.Connection", use_case: str, action: str, switch: AutomationSwitch, *, at: dt.datetime
) -> None:
    connection.execute(
        "insert into monitoring.automation_events"
        " (id, use_case, happened_at, action, actor, reason, incident_id)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (str(uuid.uuid4()), use_case, at, action, switch.actor, switch.reason, switch.incident_id),
    )
