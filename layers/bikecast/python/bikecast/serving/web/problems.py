"""Response bodies of refused requests, and their OpenAPI descriptions."""

import re
from typing import Any

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """One field that breaks the contract."""

    path: str = Field(description="Where it is, such as `input_data[0].TMAX`.")
    loc: list[str | int] = Field(description="The same as a list, starting with body, query or path.")
    msg: str
    type: str


class InvalidRequest(BaseModel):
    """Answer 422: the fields that break the contract, the first hundred of them."""

    detail: list[FieldProblem]
    more: int = Field(0, description="How many problems there are beyond those.")
    request_id: str


class Problem(BaseModel):
    """Any other error, in one sentence."""

    detail: str
    request_id: str


class GatewayProblem(BaseModel):
    """What API Gateway says by itself, before we are asked."""

    message: str


def without_places(text: str) -> str:
    """Return a message without the names of buckets and folders, which callers need not know."""
    return re.sub(r"s3://[^/\s]+/|file://\S*/", "", text)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of error statuses."""
    return {
        status: {"model": _BODIES.get(status, Problem), "description": _MEANING[status]}
        for status in statuses
    }


_BODIES: dict[int, Any] = {403: GatewayProblem, 422: InvalidRequest, 429: GatewayProblem}
_MEANING = {
    400: "The body is not valid JSON, or the query or an object of the body names something twice.",
    403: "The API key is missing, wrong, or not for this.",
    404: "Not found.",
    409: "This client token was used with a different request, or a training is already under way, or "
    "nothing is loaded yet.",
    413: "Too many rows or bytes; split the batch.",
    415: "The body is not `application/json`.",
    422: "Fields break the contract; each is named.",
    429: "Over the usage plan's rate; wait and try again.",
    503: "No model can answer at the moment; try again.",
}
