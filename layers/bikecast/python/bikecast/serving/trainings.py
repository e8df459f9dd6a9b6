"""Trainings started and looked up through the API; the same token twice starts one training."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, create_model, model_validator

from bikecast import discovery
from bikecast.errors import ConflictError, NotFoundError
from bikecast.names import DEFAULT_USE_CASE, Prefix
from bikecast.requests import SearchScope, use_case_of
from bikecast.serving.web.bodies import RequestBody
from bikecast.storage import ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

API_PREFIX = "api-"
ID_PATTERN = r"^[A-Za-z0-9_-]{1,80}$"
# What one request may cost; `bikecast train` can do more.
MAX_TRIALS = 200
MAX_WORKERS = 8
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class SearchRequest(RequestBody, SearchScope):
    """What to train; every field is optional. How the result is judged is not the caller's choice."""

    n_trials: int = Field(50, ge=1, le=MAX_TRIALS, strict=True, description="Hyperparameter sets to try.")
    tuning_workers: int = Field(2, ge=1, le=MAX_WORKERS, strict=True, description="Containers that try them.")
    client_token: Token | None = Field(
        None, description="Sending the same token and request again starts nothing new."
    )

    @model_validator(mode="before")
    @classmethod
    def _json_has_one_kind_of_number(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in fields.items()}


def _with_scope(scope: Any) -> type[SearchRequest]:
    return create_model("TrainingRequest", __base__=(SearchRequest, scope), __doc__=SearchRequest.__doc__)


class Training(BaseModel):
    """One execution of the retrain state machine."""

    id: str
    status: str = Field(description="RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE.")
    started_at: dt.datetime
    stopped_at: dt.datetime | None = None
    request: dict[str, Any]
    result: dict[str, Any] | None = Field(None, description="Decision, version and scores, at the end.")
    error: str | None = None
    cause: str | None = None


def running_trainings(client: "SFNClient", machine_arn: str, *, use_case: str) -> Iterator[str]:
    """Yield the ARNs of a use case's trainings under way, the newest first.

    All use cases share one machine, and only its input says whose model an execution trains.
    """
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=machine_arn, statusFilter="RUNNING"
    )
    for page in pages:
        for item in page["executions"]:
            found = client.describe_execution(executionArn=item["executionArn"])
            if use_case_of(found.get("input")) == use_case:
                yield item["executionArn"]


class Trainings:
    """Executions of one state machine.

    Args:
        client: A Step Functions client.
        machine_arn: The retrain state machine.
        data: The data bucket, of which what a load noted is read.
        use_case: Whose models are trained.

    Attributes:
        request: What may be asked; rows of a declared use case are split as its declaration says, and a use
            case with a request of its own lets callers say what its ``SCOPE`` has.
    """

    def __init__(
        self, client: "SFNClient", machine_arn: str, *, data: ObjectStore, use_case: str = DEFAULT_USE_CASE
    ) -> None:
        self._client, self._machine_arn, self._use_case = client, machine_arn, use_case
        self._data, self._own = data, discovery.own(use_case, "request")
        self.request = SearchRequest if self._own is None else _with_scope(self._own.SCOPE)

    def start(self, request: SearchRequest) -> Training:
        """Start a training, or return the one that this token started.

        Raises:
            ConflictError: Another training of this use case runs, the token stands for another request, or
                nothing was loaded yet.
            FieldError: It would learn from what is not loaded.
        """
        asked = request.model_dump(mode="json", exclude={"client_token"}, exclude_unset=True)
        asked = {"use_case": self._use_case, **asked}
        name = f"{API_PREFIX}{request.client_token or uuid.uuid4()}"
        if request.client_token is None or not self._exists(name):
            self._require_loaded(request)
            self._require_none_running()
            used_before = self._client.exceptions.ExecutionAlreadyExists
            with suppress(used_before):  # what the token started just now is compared below
                self._client.start_execution(
                    stateMachineArn=self._machine_arn, name=name, input=json.dumps(asked, sort_keys=True)
                )
        training = self.find(name)
        if training.request != asked:
            raise ConflictError(
                f"client_token: {request.client_token!r} was used with another request; choose a new one"
            )
        return training

    def _require_loaded(self, request: SearchRequest) -> None:
        tables = f"{Prefix.TABLES}{self._use_case}/" if self._own is None else self._own.TABLES
        # What the tables are made of lies in folders beside them.
        if not any("/" not in key.removeprefix(tables) for key in self._data.keys(tables)):
            raise ConflictError("there is nothing to train on: load data first, by `bikecast load`")
        if self._own is not None:
            self._own.require_loaded(self._data, request)

    def _require_none_running(self) -> None:
        found = next(running_trainings(self._client, self._machine_arn, use_case=self._use_case), None)
        if found is not None:
            name = found.rsplit(":", 1)[-1]
            raise ConflictError(
                f"training {name} is running; wait for its end, or end it with `bikecast stop`"
            )

    def _exists(self, name: str) -> bool:
        with suppress(NotFoundError):
            self.find(name)
            return True
        return False

    def find(self, name: str) -> Training:
        """Look a training up.

        Raises:
            NotFoundError: No execution has this id.
        """
        arn = f"{self._machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            found = self._client.describe_execution(executionArn=arn)
        except (self._client.exceptions.ExecutionDoesNotExist, self._client.exceptions.InvalidArn) as err:
            raise NotFoundError(f"there is no training {name!r}") from err
        return Training(
            id=found["name"],
            status=found["status"],
            started_at=found["startDate"],
            stopped_at=found.get("stopDate"),
            request=json.loads(found.get("input") or "{}"),
            result=json.loads(found["output"]) if found.get("output") else None,
            error=found.get("error"),
            cause=found.get("cause"),
        )
