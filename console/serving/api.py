"""The predictor's HTTP API, called the way any client calls it: through API Gateway, with the key."""

import json
from typing import Any

from bikecast.errors import DeploymentError, InputError
from console.cloud.outputs import api_key, api_url, read_stack_outputs
from console.cloud.session import Cloud
from console.errors import ApiError

TIMEOUT_S = 60.0
LONGEST_TEXT = 1000
BAD_REQUESTS = (400, 413, 422)
UNREACHABLE = (
    "the API at {url} cannot be reached ({error}); is the cloud up and deployed? `bikecast status` tells"
)


class Api:
    """One deployed API.

    Args:
        url: Base address with the stage, no trailing slash.
        key: Value of ``x-api-key``.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    def get(self, path: str, **query: Any) -> Any:
        """GET and return the JSON answer.

        Raises:
            InputError: It refuses what was sent, field by field.
            ApiError: It cannot be reached or fails.
        """
        return self._call("GET", path, params={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, body: Any) -> Any:
        """POST JSON and return the JSON answer.

        Raises:
            InputError: It refuses what was sent, field by field.
            ApiError: It cannot be reached or fails.
        """
        return self._call("POST", path, json=body)

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        import httpx

        url = f"{self._url}{path}"
        try:
            response = httpx.request(
                method, url, headers={"x-api-key": self._key}, timeout=TIMEOUT_S, trust_env=False, **arguments
            )
        except httpx.HTTPError as err:
            raise ApiError(UNREACHABLE.format(url=url, error=err)) from err
        if response.is_error:
            told = f"{method} {url} answered {response.status_code}{refusal_text(response.text)}"
            raise InputError(told) if response.status_code in BAD_REQUESTS else ApiError(told)
        return response.json()


def refusal_text(body: str) -> str:
    """Return what stands after an error answer's status: a line for each bad field, else a sentence."""
    try:
        answer = json.loads(body)
    except ValueError:
        return f": {body[:LONGEST_TEXT]}"
    said = answer.get("detail", answer.get("message")) if isinstance(answer, dict) else None
    if isinstance(said, list):
        return ":" + "".join(f"\n  {field['path']}: {field['msg']}" for field in said)
    return f": {said or body[:LONGEST_TEXT]}"


def deployed_api(cloud: Cloud) -> Api:
    """Return the API of the deployed serving stack.

    Raises:
        DeploymentError: There is none.
    """
    outputs = read_stack_outputs(cloud.cloudformation)
    url, key = api_url(outputs, endpoint_url=cloud.endpoint_url), api_key(cloud, outputs)
    if url is None or key is None:
        raise DeploymentError("no API is deployed: run `bikecast deploy` first")
    return Api(url, key)
