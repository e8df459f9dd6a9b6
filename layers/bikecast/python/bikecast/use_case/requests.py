"""Requests for retraining, checked by what the use case allows."""

from typing import Any

from bikecast import discovery
from bikecast.errors import InputError
from bikecast.names import DEFAULT_USE_CASE, MODEL_NAME
from bikecast.requests import RetrainRequest, parse_request


def checked_request(payload: object) -> dict[str, Any]:
    """Return a request for retraining with all its defaults, as JSON.

    Raises:
        InputError: There is no such use case, or the request breaks its contract; every bad field is named.
    """
    if not isinstance(payload, dict):
        raise InputError(f"input: must be a JSON object (got {payload!r})")
    name = payload.get("use_case", DEFAULT_USE_CASE)
    own = discovery.own(str(name), "request")
    if own is not None:
        found: dict[str, Any] = parse_request(own.REQUEST, payload).model_dump(mode="json")
        return found
    return _declared(str(name), payload)


def _declared(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    use_case = discovery.load(name)
    common = {key: value for key, value in payload.items() if key in RetrainRequest.model_fields}
    rest = {key: value for key, value in payload.items() if key not in common}
    own = {"registered_model_name": use_case.model_name, "threshold": use_case.improvement}
    request = parse_request(RetrainRequest, own | common)
    split = parse_request(use_case.split.request_model, rest)
    return {**request.model_dump(mode="json"), **split.model_dump(mode="json")}


def model_name_of(use_case: str) -> str:
    """Return the name under which a use case's models are registered and may be promoted."""
    return MODEL_NAME if use_case == DEFAULT_USE_CASE else discovery.load(use_case).model_name
